#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace caption {

/// The CRC-32 of zip archives, PNG and zlib (reflected polynomial 0xEDB88320).
std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace caption
