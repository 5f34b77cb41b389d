#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace caption::eval {

using WordId = std::uint32_t;

/// A caption after its tokenizer.
struct Sentence {
  std::string text;            ///< its tokens, a space between each two
  std::vector<WordId> tokens;  ///< what stands between these spaces
  std::vector<WordId> words;   ///< what stands between any spaces: a token may hold no-break ones
};

/// What one picture's captions are.
struct Item {
  Sentence candidate;
  std::vector<Sentence> references;  ///< at least one
};

/// Numbers of words.
class Vocabulary {
 public:
  WordId id(std::string_view word);
  std::size_t size() const { return words_.size(); }

  /// `text`: as tokenized.
  Sentence sentence(std::string text);

 private:
  std::unordered_map<std::string_view, WordId> ids_;
  std::deque<std::string> words_;
};

}  // namespace caption::eval
