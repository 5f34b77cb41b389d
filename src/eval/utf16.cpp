#include "eval/utf16.h"

#include <cstddef>

#include "base/utf8.h"

namespace caption::eval {
namespace {

bool is_high(char16_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_low(char16_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

}  // namespace

std::u16string to_utf16(std::string_view text) {
  std::u16string units;
  units.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    at += point.bytes;
    const char32_t value = point.valid ? point.value : 0xFFFD;
    if (value < 0x10000) {
      units += static_cast<char16_t>(value);
    } else {
      units += static_cast<char16_t>(0xD800 + ((value - 0x10000) >> 10U));
      units += static_cast<char16_t>(0xDC00 + ((value - 0x10000) & 0x3FFU));
    }
  }
  return units;
}

std::string to_utf8(std::u16string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    char32_t value = text[at];
    if (is_high(text[at]) && at + 1 < text.size() && is_low(text[at + 1])) {
      value = 0x10000 + ((value - 0xD800) << 10U) + (char32_t{text[at + 1]} - 0xDC00);
      ++at;
    }
    append_utf8(value, bytes);
  }
  return bytes;
}

void replace_all(std::u16string& text, std::u16string_view old, std::u16string_view by) {
  for (std::size_t at = text.find(old); at != std::u16string::npos; at = text.find(old, at + by.size()))
    text.replace(at, old.size(), by);
}

}  // namespace caption::eval
