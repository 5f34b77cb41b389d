#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "files/mapped_file.h"

namespace caption {

/// Little-endian values out of a part of a file, front to back. Running out of bytes is an Error(model).
class ByteReader {
 public:
  /// `what` names the part in messages. `file` must outlive the reader.
  ByteReader(const MappedFile& file, std::string what, std::span<const std::byte> bytes);

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::span<const std::byte> take(std::uint64_t count);
  std::string text(std::uint64_t count);
  /// Up to a newline, which is taken too; at most `most` bytes.
  std::string line(std::size_t most);

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  /// Error(model) that names the part and the position.
  [[noreturn]] void fail(const std::string& detail) const;

 private:
  std::uint64_t number(std::size_t width);

  const MappedFile& file_;
  std::string what_;
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

/// `bytes` as characters.
std::string as_text(std::span<const std::byte> bytes);

/// Text of a file as it may stand in a message: cut to a sensible length, without control characters.
std::string shown(const std::string& text);

}  // namespace caption
