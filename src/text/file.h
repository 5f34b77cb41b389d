#pragma once

#include <filesystem>
#include <string>

namespace caption {

/// The bytes of a tokenizer's file. Throws Error(model) that names it.
std::string read_tokenizer_file(const std::filesystem::path& path);

}  // namespace caption
