#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace caption {

/// What stands at one place of a byte string that should be UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  ///< length; if not valid, that of the maximal subpart that U+FFFD stands for
  bool valid = false;
};

/// The code point at `position`, which must be inside `text`. Overlong forms, surrogates and values above
/// U+10FFFF are not valid. The maximal subpart is that of the Unicode Standard, section 3.9: the longest
/// start of a valid sequence, or one byte.
CodePoint code_point_at(std::string_view text, std::size_t position);

/// `bytes` with each maximal invalid subpart replaced by U+FFFD, as Python's bytes.decode("utf-8",
/// errors="replace").
std::string replace_invalid_utf8(std::string bytes);

bool is_utf8(std::string_view text);

/// Adds a code point to `text`; U+FFFD for what is none, as a surrogate.
void append_utf8(char32_t point, std::string& text);

/// Throws Error(usage) with the place of the first byte that is not UTF-8.
void require_utf8(std::string_view text);

}  // namespace caption
