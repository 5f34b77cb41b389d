#pragma once

#include <string>

#include "caption/explanation.h"

namespace caption {

/// What is told about an image.
struct ExplainedImage {
  const std::string& image;  ///< its name, any bytes
  const std::string& model;
  const Explanation& explanation;
};

/// A word for a person: "(end)" for tokens without text.
std::string shown_word(const ExplainedWord& word);

/// A token for a person, without the space before it; "+ing" if it goes on within a word. `first`: it begins
/// the caption.
std::string shown_token(const TokenChoice& token, bool first);

/// "91.2%", "<0.01%"
std::string percentage(double logprob);

/// Where hiding the picture hurts a word most.
struct Peak {
  double drop = 0;    ///< of its log-probability
  std::string place;  ///< "top left"; empty if hiding any part changes next to nothing
};
Peak find_peak(const ExplainedWord& word, int grid);

}  // namespace caption
