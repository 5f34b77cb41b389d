#pragma once

#include <string>

namespace caption::cli {

/// Throws Error(usage) unless `image` can be the one image of a command: a file's name, or "-" for standard
/// input, which must not be a terminal.
void check_single_image(const std::string& image, const std::string& command);

}  // namespace caption::cli
