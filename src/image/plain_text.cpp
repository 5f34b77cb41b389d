#include "image/plain_text.h"

#include <array>
#include <cstdio>

#include "base/utf8.h"

namespace caption {
namespace {

/// U+00C0 to U+017F: Latin letters with accents. A star stands for two letters.
constexpr std::string_view kLatin =
    "AAAAAA*CEEEEIIIIDNOOOOOxOUUUUYT*aaaaaa*ceeeeiiiidnooooo/ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi**JjKkqLlLlLlL"
    "lLlNnNnNnnNnOoOoOo**RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
constexpr char32_t kLatinBegin = 0xC0;
static_assert(kLatin.size() == 0x180 - 0xC0);

std::string two_letters(char32_t code) {
  switch (code) {
    case 0xC6:
      return "AE";
    case 0xDF:
      return "ss";
    case 0xE6:
      return "ae";
    case 0x132:
      return "IJ";
    case 0x133:
      return "ij";
    case 0x152:
      return "OE";
    default:
      return "oe";
  }
}

std::string plain(char32_t code) {
  if (code >= 0x20 && code < 0x7F) return {static_cast<char>(code)};
  if (code < 0x20) return " ";
  if (code >= kLatinBegin && code < kLatinBegin + kLatin.size()) {
    const char letter = kLatin[code - kLatinBegin];
    return letter == '*' ? two_letters(code) : std::string{letter};
  }
  if (code == 0x2018 || code == 0x2019) return "'";
  if (code == 0x201C || code == 0x201D) return "\"";
  if (code >= 0x2010 && code <= 0x2015) return "-";
  if (code == 0x2026) return "...";
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "U+%04X", static_cast<unsigned>(code));
  return number.data();
}

}  // namespace

std::string plain_text(std::string_view utf8) {
  std::string text;
  for (std::size_t at = 0; at < utf8.size();) {
    const CodePoint point = code_point_at(utf8, at);
    text += point.valid ? plain(point.value) : "?";
    at += point.bytes;
  }
  return text;
}

}  // namespace caption
