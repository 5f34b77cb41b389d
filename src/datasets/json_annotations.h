#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// JSON and JSON Lines, as of `read_annotations`. `file` is for messages.
std::vector<AnnotatedImage> read_json_annotations(const std::string& text, const std::filesystem::path& file,
                                                  CaptionFields fields);

}  // namespace caption
