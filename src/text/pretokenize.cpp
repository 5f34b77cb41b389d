#include "text/pretokenize.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace caption {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

#include "text/unicode_tables.inc"

enum class Class : std::uint8_t { letter, number, space, other };

template <std::size_t n>
bool contains(const Range (&ranges)[n], char32_t code) {
  const auto* range = std::lower_bound(std::begin(ranges), std::end(ranges), code,
                                       [](const Range& r, char32_t c) { return r.last < c; });
  return range != std::end(ranges) && range->first <= code;
}

Class search_tables(char32_t code) {
  if (contains(kLetters, code)) return Class::letter;
  if (contains(kNumbers, code)) return Class::number;
  if (contains(kSpaces, code)) return Class::space;
  return Class::other;
}

Class classify(char32_t code) {
  static const auto ascii = [] {
    std::array<Class, 128> classes{};
    for (std::size_t c = 0; c < classes.size(); ++c) classes[c] = search_tables(static_cast<char32_t>(c));
    return classes;
  }();
  return code < ascii.size() ? ascii[code] : search_tables(code);
}

std::size_t contraction(std::string_view text) {
  for (const std::string_view suffix : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(suffix)) return suffix.size();
  }
  return 0;
}

/// End of the run of `wanted` that starts at `begin`; `last` is where its last code point starts.
std::size_t run_end(std::string_view text, std::size_t begin, Class wanted, std::size_t& last) {
  std::size_t at = begin;
  while (at < text.size()) {
    const CodePoint point = code_point_at(text, at);
    if (classify(point.value) != wanted) break;
    last = at;
    at += point.bytes;
  }
  return at;
}

}  // namespace

std::size_t first_piece(std::string_view text) {
  if (const std::size_t length = contraction(text)) return length;
  std::size_t last = 0;
  const std::size_t begin = text[0] == ' ' && text.size() > 1 ? 1 : 0;
  const Class first = classify(code_point_at(text, begin).value);
  if (first != Class::space) return run_end(text, begin, first, last);
  const std::size_t end = run_end(text, 0, Class::space, last);
  // A run of spaces leaves its last one to the word behind it, unless it is the only one.
  return end == text.size() || last == 0 ? end : last;
}

std::string_view take_clip_piece(std::string_view& text) {
  std::size_t last = 0;
  text.remove_prefix(run_end(text, 0, Class::space, last));
  if (text.empty()) return {};
  std::size_t length = contraction(text);
  for (const std::string_view special : {"<|startoftext|>", "<|endoftext|>"})
    if (text.starts_with(special)) length = special.size();
  if (length == 0) {
    const CodePoint first = code_point_at(text, 0);
    const Class kind = classify(first.value);
    length = kind == Class::number ? first.bytes : run_end(text, 0, kind, last);
  }
  const std::string_view piece = text.substr(0, length);
  text.remove_prefix(length);
  return piece;
}

}  // namespace caption
