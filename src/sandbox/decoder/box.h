#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace caption {

/// Puts this process into the box for good: from now on it may compute, allocate `memory_mb` MiB more, read
/// and write the socket kBoxSocket and have threads, and nothing else of what a system offers. What it asks
/// for beyond fails, as if it were not permitted. Files below `folders` can be read all the same, if the
/// kernel can confine it to them (Landlock). Returns what is in the way; nothing if it is in the box.
std::string enter_box(std::uint64_t memory_mb, const std::vector<std::filesystem::path>& folders);

}  // namespace caption
