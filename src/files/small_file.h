#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace caption {

/// Writes `bytes` to `file`, making its folder if need be: under its name is what was there, or all of them,
/// never a part. They are written to ".NAME.partial" beside it first, which what a killed process left behind
/// is overwritten by. It may take a while until they are on the disk. Throws Error(output) that says why,
/// also if another process is writing the same file.
void replace_small_file(const std::filesystem::path& file, std::string_view bytes);

/// Likewise for a file that is somebody's original: what is there stays until all of `bytes` are on the disk.
/// The new file has the old one's permissions, extended attributes and, as far as the process may, its owner;
/// `keep_times`: its times of change and access, too. A link's target is replaced, not the link.
void replace_original(const std::filesystem::path& file, std::span<const std::byte> bytes, bool keep_times);

}  // namespace caption
