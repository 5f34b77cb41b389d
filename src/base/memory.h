#pragma once

#include <cstddef>
#include <memory>

namespace caption {

/// What vectors are loaded from best: a line of the cache.
inline constexpr std::size_t kMemoryAlignment = 64;

/// Uninitialised, aligned to 64 bytes. If it is large, its pages are, too: with small ones, a matrix product
/// of many rows spends a tenth of its time on finding pages. Throws std::bad_alloc.
std::shared_ptr<std::byte> allocate_memory(std::size_t bytes);

}  // namespace caption
