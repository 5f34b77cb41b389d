#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/bytes.h"

namespace caption {

/// What zlib has packed; nothing if it is damaged, cut, or more than `most` bytes. Throws std::bad_alloc.
std::optional<std::vector<std::uint8_t>> inflate(Bytes packed, std::size_t most);

}  // namespace caption
