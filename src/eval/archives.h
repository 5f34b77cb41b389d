#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace caption::eval {

/// A file in a zip archive, as a .jar is one. Throws Error(usage) if there is none or it is damaged.
std::string read_zip_member(const std::filesystem::path& archive, const std::string& name);

/// Gives each line of a gzip file to `take`, without its end. Throws Error(usage) if it is damaged.
void read_gzip_lines(const std::filesystem::path& file, const std::function<void(std::string_view)>& take);

}  // namespace caption::eval
