#pragma once

#include <filesystem>
#include <string>

namespace caption::cli {

/// The secret in a file's first line. Throws Error(usage) if there is none, or if it has characters that a
/// header cannot have.
std::string read_token(const std::filesystem::path& file);

}  // namespace caption::cli
