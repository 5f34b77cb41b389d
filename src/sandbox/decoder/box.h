#pragma once

#include <cstdint>
#include <string>

namespace caption {

/// Puts this process into the box for good: from now on it may compute, allocate `memory_mb` MiB more, read
/// and write the socket kBoxSocket and have threads, and nothing else of what a system offers. What it asks
/// for beyond fails, as if it were not permitted. With `reading`, files can be read all the same: those that
/// `confine_to` has left. Returns what is in the way; nothing if it is in the box.
std::string enter_box(std::uint64_t memory_mb, bool reading);

}  // namespace caption
