#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/annotations.h"

namespace caption {

/// JSON and JSON Lines, as of `read_annotations`. `file` is for messages.
std::vector<AnnotatedImage> read_json_annotations(const std::string& text, const std::filesystem::path& file,
                                                  CaptionFields fields);

/// Adds the captions of a picture's own object, which need not have any. `file` is for messages. Throws
/// Error(usage).
void add_json_captions(const std::string& text, const std::filesystem::path& file, AnnotatedImage& image);

}  // namespace caption
