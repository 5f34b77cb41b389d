#pragma once

#include <filesystem>
#include <string_view>

namespace caption {

/// Writes `bytes` to `file`, making its folder if need be: under its name is what was there, or all of them,
/// never a part. They are written to ".NAME.partial" beside it first, which what a killed process left behind
/// is overwritten by. It may take a while until they are on the disk. Throws Error(output) that says why,
/// also if another process is writing the same file.
void replace_small_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace caption
