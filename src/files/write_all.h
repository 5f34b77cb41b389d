#pragma once

#include <cstddef>
#include <span>

namespace caption {

/// Writes all of `bytes` to a file. -> 0, or the errno of what went wrong
int write_all(int descriptor, std::span<const std::byte> bytes);

}  // namespace caption
