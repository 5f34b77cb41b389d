#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace caption {

/// Sequences of tokens that cannot come: what transformers calls bad_words_ids.
class BannedSequences {
 public:
  /// None of them empty.
  explicit BannedSequences(std::vector<std::vector<std::int32_t>> sequences);

  /// The tokens that are banned wherever they stand, ascending, each once.
  const std::vector<std::int32_t>& single() const { return single_; }
  /// Sequences of two tokens and more, each once, by their last token but one.
  const std::vector<std::vector<std::int32_t>>& longer() const { return longer_; }

  /// Adds those tokens to `found` that would complete one of the longer sequences behind `tokens`.
  void complete(std::span<const std::int32_t> tokens, std::vector<std::int32_t>& found) const;

 private:
  std::vector<std::int32_t> single_;
  std::vector<std::vector<std::int32_t>> longer_;
};

}  // namespace caption
