#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "decode/banned_sequences.h"

namespace caption {

/// A word that must come, as one of several sequences of tokens; none is empty, and there is one of either
/// kind.
struct RequiredWord {
  std::vector<std::vector<std::int32_t>> anywhere;
  std::vector<std::vector<std::int32_t>> at_start;  ///< as the first tokens, without a prompt, alone
};

/// What DecodeOptions say of a caption's words, as a model's token ids.
struct Wording {
  std::vector<std::int32_t> prompt;               ///< stands before every sequence, which goes on from it
  std::shared_ptr<const BannedSequences> banned;  ///< or none
  std::vector<RequiredWord> required;
  /// Ascending: tokens that go on with the word before them, which cannot stand behind a required one.
  std::shared_ptr<const std::vector<std::int32_t>> joined;
};

}  // namespace caption
