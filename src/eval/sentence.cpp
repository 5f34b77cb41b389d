#include "eval/sentence.h"

#include <cstddef>
#include <utility>

#include "base/utf8.h"

namespace caption::eval {
namespace {

/// What Python's str.split takes for a space.
bool is_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

}  // namespace

WordId Vocabulary::id(std::string_view word) {
  const auto found = ids_.find(word);
  if (found != ids_.end()) return found->second;
  words_.emplace_back(word);
  const auto id = static_cast<WordId>(words_.size() - 1);
  ids_.emplace(words_.back(), id);
  return id;
}

Sentence Vocabulary::sentence(std::string text) {
  Sentence sentence;
  const std::string_view all = text;
  std::size_t token = 0;
  std::size_t word = 0;
  for (std::size_t at = 0; at <= all.size();) {
    const bool end = at == all.size();
    const CodePoint point = end ? CodePoint{U' ', 1, true} : code_point_at(all, at);
    if (is_space(point.value)) {
      if (point.value == U' ' && at > token) sentence.tokens.push_back(id(all.substr(token, at - token)));
      if (at > word) sentence.words.push_back(id(all.substr(word, at - word)));
      word = at + point.bytes;
      if (point.value == U' ') token = word;
    }
    at += point.bytes;
  }
  sentence.text = std::move(text);
  return sentence;
}

}  // namespace caption::eval
