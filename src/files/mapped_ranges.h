#pragma once

#include <cstddef>
#include <span>

namespace caption {

/// Remembers which file is mapped where, for a signal handler. `path` must stay until it is forgotten. If
/// more files are mapped than there is room for, the rest is not remembered.
void remember_mapping(std::span<const std::byte> bytes, const char* path);
void forget_mapping(std::span<const std::byte> bytes);

/// The path of the file that is mapped at `address`; null if none is. A signal handler may call this.
const char* mapped_file_at(const void* address);

}  // namespace caption
