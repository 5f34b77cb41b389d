#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/tensor.h"
#include "text/tokenizer.h"

namespace caption {

/// Pictures, their embeddings, and what is said of them.
struct CaptionSet {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> captions;  ///< of each picture, none of them empty
  Tensor embeddings;                               ///< [pictures, D], as the mapper takes them

  std::size_t size() const { return names.size(); }
};

/// One caption of a set, as it is learnt.
struct Example {
  std::size_t picture = 0;
  std::vector<std::int32_t> tokens;  ///< at least one; with the stop token, unless they were cut
};

/// How captions become tokens.
struct CaptionRule {
  std::int32_t stop_token = 0;
  std::size_t most_tokens = 0;  ///< longer captions are cut to so many
};

struct Examples {
  std::vector<Example> all;  ///< in the order of the set
  std::size_t cut = 0;       ///< of them were longer than `most_tokens`
  std::int64_t tokens = 0;   ///< of all together
};

/// Each caption on one line and without white space at its ends, as tokens with the stop token behind them. A
/// stop token that is text, as GPT-2's ".", takes the place of the same text at the end. Throws Error(usage)
/// for a caption that is not UTF-8.
Examples encode_captions(const CaptionSet& set, const Tokenizer& tokenizer, const CaptionRule& rule);

/// `text` without white space at both ends, and with single spaces for other white space.
std::string tidy(const std::string& text);

}  // namespace caption
