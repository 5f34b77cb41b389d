#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace caption {

/// Some successive tokens that are one word.
struct Word {
  std::string text;       ///< valid UTF-8 (see `readable`), without white space at its ends
  std::size_t first = 0;  ///< token
  std::size_t count = 0;  ///< tokens
};

/// The words of a text whose tokens these are; every token belongs to exactly one, and all are in order. A
/// word begins where white space stands before it. Tokens of punctuation alone at its ends are words of
/// their own, those inside are not ("well-known", "3.5"); so are special tokens, whose text is empty. Where a
/// script has no spaces (Chinese, Japanese), a word is a character. A token that is part of two words goes to
/// the first.
std::vector<Word> split_words(std::span<const Piece> pieces);

/// `bytes` as UTF-8, with each byte that belongs to no character as <0xNN>.
std::string readable(std::string_view bytes);

}  // namespace caption
