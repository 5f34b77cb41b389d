#pragma once

#include <random>
#include <string>
#include <vector>

#include "decode/stop_texts.h"

namespace caption {

/// The bytes of each token of a small vocabulary.
inline TokenBytes bytes_of(std::vector<std::string> tokens) {
  return
      [tokens = std::move(tokens)](std::int32_t token) { return tokens.at(static_cast<std::size_t>(token)); };
}

/// A text of `length` letters, of two kinds only: texts that begin and overlap everywhere.
inline std::string random_text(std::mt19937& random, std::size_t length) {
  std::string text;
  while (text.size() < length) text += random() % 2 == 0 ? 'a' : 'b';
  return text;
}

/// `count` tokens of such letters, some without any.
inline std::vector<std::string> random_pieces(std::mt19937& random, std::size_t count) {
  std::vector<std::string> tokens;
  while (tokens.size() < count) tokens.push_back(random_text(random, random() % 4));
  return tokens;
}

/// One to three stop texts of such letters.
inline std::vector<std::string> random_stop_texts(std::mt19937& random) {
  std::vector<std::string> texts(1 + random() % 3);
  for (std::string& text : texts) text = random_text(random, 1 + random() % 6);
  return texts;
}

}  // namespace caption
