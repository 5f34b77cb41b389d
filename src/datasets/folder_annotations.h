#pragma once

#include <filesystem>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// Pictures in a folder and below it with their captions in a text file of the same name beside each
/// (dog.jpg, dog.txt), a caption a line: what diffusion models are trained from. Names are paths below the
/// folder; a picture without such a file has no captions. Throws Error(usage) for a folder that cannot be
/// read or has no pictures, and for a text that cannot be read.
std::vector<AnnotatedImage> read_folder_annotations(const std::filesystem::path& folder);

}  // namespace caption
