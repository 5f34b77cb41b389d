#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "caption/captioner.h"

namespace caption {

/// Bounds of ExplainOptions' values.
inline constexpr int kMostAlternatives = 100;
inline constexpr int kHighestGrid = 32;
inline constexpr int kMostVersions = kHighestGrid * kHighestGrid;  ///< for the batch

/// Colours of a heat map: this loss of log-probability, or a word's largest if that is more, has the full
/// colour. Words that depend on nothing in the picture stay pale.
inline constexpr double kLeastFullHeat = 1;

/// What an explanation is to hold.
struct ExplainOptions {
  /// Other tokens, the likeliest, that are listed for each place in the caption.
  int alternatives = 5;
  /// Cells of a heat map, across and down; the time grows with its square. 0 chooses by the resolution: one
  /// cell per 32 pixels, at least 7 and at most 12.
  int grid = 0;
  /// Versions of the picture that go through the model together at most. The result does not depend on it.
  int batch = 32;
  /// Explain this text instead of the model's own caption. UTF-8.
  std::optional<std::string> text;
};

/// A token that may stand at one place.
struct TokenChoice {
  std::int32_t id = 0;
  /// UTF-8, with the space that the token may begin with; bytes that are no characters by themselves as
  /// <0xNN>. A token without text, such as one that ends the caption, has its name here: "</s>".
  std::string text;
  double logprob = 0;  ///< natural logarithm of its probability, given the picture and the tokens before
};

/// A token of the caption.
struct ExplainedToken {
  TokenChoice chosen;
  std::int64_t rank = 1;                  ///< 1: no token was likelier at this place
  std::vector<TokenChoice> alternatives;  ///< the likeliest others, the best first
};

/// Some successive tokens that are one word, one punctuation mark, or the end.
struct ExplainedWord {
  std::string text;             ///< without the space before it; empty for tokens without text
  std::size_t first_token = 0;  ///< of the explanation's tokens
  std::size_t token_count = 0;
  double logprob = 0;  ///< sum over its tokens
  /// [G, G], rows from the top: by how much logprob falls when the picture is hidden around this cell
  /// (painted over with the colours at the edges of the square). Above 0: what is there speaks for the word;
  /// below 0: against it.
  std::vector<double> heat;
};

/// Where a caption came from.
struct Explanation {
  Caption caption;                     ///< the text as it was given, if it was
  std::vector<ExplainedToken> tokens;  ///< one for each of caption.tokens
  std::vector<ExplainedWord> words;    ///< every token belongs to exactly one
  int grid = 0;                        ///< G
  int resolution = 0;                  ///< R: side of the picture in pixels
  bool stretched = false;  ///< it is the whole picture, stretched to a square; else the square in its middle
  int window = 0;          ///< side of the square that was hidden, in pixels
};

}  // namespace caption
