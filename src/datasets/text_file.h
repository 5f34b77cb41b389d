#pragma once

#include <filesystem>
#include <string>

namespace caption {

/// All of a text file, "-" for standard input, as UTF-8 without a byte-order mark; UTF-16 is converted if a
/// mark says so. Throws Error(usage) if it cannot be read, or is in another encoding: with the line.
std::string read_text_file(const std::filesystem::path& file);

}  // namespace caption
