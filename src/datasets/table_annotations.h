#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// Flickr's token files, CSV and TSV, as of `read_annotations`. `file` is for messages.
std::vector<AnnotatedImage> read_table_annotations(const std::string& text, const std::filesystem::path& file,
                                                   CaptionFields fields);

}  // namespace caption
