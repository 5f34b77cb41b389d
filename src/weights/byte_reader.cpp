#include "weights/byte_reader.h"

#include <cstring>
#include <utility>

namespace caption {

ByteReader::ByteReader(const MappedFile& file, std::string what, std::span<const std::byte> bytes)
    : file_(file), what_(std::move(what)), bytes_(bytes) {}

std::span<const std::byte> ByteReader::take(std::uint64_t count) {
  if (count > remaining()) {
    fail("expected " + std::to_string(count) + " more bytes, found " + std::to_string(remaining()) +
         "; the file is truncated or damaged: fetch it again");
  }
  const auto taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
  position_ += taken.size();
  return taken;
}

std::string ByteReader::text(std::uint64_t count) {
  return as_text(take(count));
}

std::string ByteReader::line(std::size_t most) {
  std::string text;
  while (text.size() <= most) {
    const char c = static_cast<char>(u8());
    if (c == '\n') return text;
    text += c;
  }
  fail("a line of more than " + std::to_string(most) + " bytes");
}

std::uint64_t ByteReader::number(std::size_t width) {
  const auto bytes = take(width);
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), width);
  return value;
}

void ByteReader::fail(const std::string& detail) const {
  file_.fail(what_ + ", byte " + std::to_string(position_) + ": " + detail);
}

std::string as_text(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 200;
  std::string result = text.substr(0, kMost);
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() > kMost ? result + "..." : result;
}

}  // namespace caption
