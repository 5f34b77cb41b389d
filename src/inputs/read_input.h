#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "inputs/input.h"

namespace caption {

/// All bytes of an input; not of a device, and not more than any image file has. Gives up soon after
/// `interrupt` becomes true, even if a slow pipe gives nothing. Throws Error(not_found | unreadable |
/// too_large), whose message does not name the input.
std::vector<std::byte> read_input(const Input& input, const std::atomic<bool>& interrupt);

/// All bytes of an open file, pipe or socket, likewise. The descriptor stays the caller's.
std::vector<std::byte> read_descriptor(int descriptor, const std::atomic<bool>& interrupt);

}  // namespace caption
