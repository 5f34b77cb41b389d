#pragma once

#include <filesystem>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// The captions of a tar archive as WebDataset and img2dataset write it: KEY.txt beside KEY.jpg, a caption
/// per line, or KEY.json with the fields of a JSON annotation's record. Pictures are called ARCHIVE/MEMBER,
/// as everywhere. Throws Error(usage) for what is no archive, and for one that cannot be read to its end.
std::vector<AnnotatedImage> read_tar_annotations(const std::filesystem::path& archive);

}  // namespace caption
