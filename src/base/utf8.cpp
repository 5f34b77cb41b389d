#include "base/utf8.h"

#include <cstdio>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the sequence that `lead` starts and the bounds of its second byte; length 0 if it starts none.
struct Lead {
  std::size_t length;
  unsigned char second_low;
  unsigned char second_high;
};

Lead classify(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

/// Position of the first invalid byte, or the text's size.
std::size_t find_invalid(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (!point.valid) break;
    at += point.bytes;
  }
  return at;
}

}  // namespace

CodePoint code_point_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = classify(first);
  if (lead.length == 0) return {0, 1, false};
  char32_t value = first & (0x7FU >> lead.length);
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (position + i == text.size()) return {0, i, false};
    const unsigned char low = i == 1 ? lead.second_low : 0x80;
    const unsigned char high = i == 1 ? lead.second_high : 0xBF;
    if (byte(i) < low || byte(i) > high) return {0, i, false};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  return {value, lead.length, true};
}

std::string replace_invalid_utf8(std::string bytes) {
  std::size_t at = find_invalid(bytes);
  if (at == bytes.size()) return bytes;
  std::string result = bytes.substr(0, at);
  while (at < bytes.size()) {
    const CodePoint point = code_point_at(bytes, at);
    result += point.valid ? std::string_view(bytes).substr(at, point.bytes) : kReplacement;
    at += point.bytes;
  }
  return result;
}

bool is_utf8(std::string_view text) {
  return find_invalid(text) == text.size();
}

void append_utf8(char32_t point, std::string& text) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | (point >> shift & 0x3FU)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0U | point >> 6U);
    tail(0);
  } else if ((point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) {
    text += kReplacement;
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

void require_utf8(std::string_view text) {
  const std::size_t at = find_invalid(text);
  if (at == text.size()) return;
  char hex[8];
  std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned>(static_cast<unsigned char>(text[at])));
  throw Error(ErrorKind::usage, "text to encode is not UTF-8: invalid byte " + std::string(hex) +
                                    " at offset " + std::to_string(at));
}

}  // namespace caption
