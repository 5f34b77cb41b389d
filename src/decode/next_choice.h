#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "decode/exclusions.h"
#include "decode/next_token.h"

namespace caption {

/// Which token comes next in a sequence, by a row of logits and a search's options: which are excluded, and
/// which DecodeOptions::repetition_penalty changes.
class NextChoice {
 public:
  NextChoice(const StopRule& stop, const Wording& wording, const DecodeOptions& options);

  /// Takes `logits` for the token behind `tokens`; `excluded`, ascending and each once, cannot come either.
  /// All must outlive the calls below. Throws as NextToken::load does.
  void load(std::span<const float> logits, std::span<const std::int32_t> tokens,
            std::span<const std::int32_t> excluded = {});

  /// The `count` likeliest tokens, as NextToken::top_k has them.
  void top_k(std::size_t count, std::vector<Candidate>& candidates) const;

  /// Nothing for a token that cannot come.
  std::optional<float> log_probability(std::int32_t token) const;

  /// What a token's log-probability is multiplied by, behind the softmax.
  float factor(std::int32_t token) const;

  /// The distribution itself, where the penalty changes logits.
  const NextToken& distribution() const { return next_; }

 private:
  void change_logits(std::span<const float> logits);
  void set_excluded(std::span<const std::int32_t> tokens, std::span<const std::int32_t> more);

  Exclusions exclusions_;
  float penalty_;
  bool before_softmax_;  ///< whether the penalty changes logits, or log-probabilities
  NextToken next_;
  std::span<const std::int32_t> seen_;  ///< what the penalty changes
  std::vector<std::int32_t> excluded_;
  std::vector<std::int32_t> set_apart_;  ///< excluded, or changed behind the softmax
  std::vector<float> changed_;
};

}  // namespace caption
