#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace caption {

using Bytes = std::span<const std::uint8_t>;

inline Bytes as_file(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

// Numbers in files. The caller has checked the bounds.
inline std::uint32_t big16(Bytes b, std::size_t at) {
  return static_cast<std::uint32_t>(b[at] << 8 | b[at + 1]);
}
inline std::uint32_t big32(Bytes b, std::size_t at) {
  return big16(b, at) << 16 | big16(b, at + 2);
}
inline std::uint32_t little16(Bytes b, std::size_t at) {
  return static_cast<std::uint32_t>(b[at + 1] << 8 | b[at]);
}
inline std::uint32_t little24(Bytes b, std::size_t at) {
  return little16(b, at) | static_cast<std::uint32_t>(b[at + 2]) << 16;
}
inline std::uint32_t little32(Bytes b, std::size_t at) {
  return little16(b, at + 2) << 16 | little16(b, at);
}

/// Whether `text` stands at `at`.
inline bool has(Bytes b, std::size_t at, std::string_view text) {
  if (at > b.size() || b.size() - at < text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (b[at + i] != static_cast<std::uint8_t>(text[i])) return false;
  }
  return true;
}

void append(std::vector<std::uint8_t>& to, Bytes bytes);
void append_little32(std::vector<std::uint8_t>& to, std::uint32_t value);

}  // namespace caption
