#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "decode/stop_texts.h"

namespace caption {

/// When a sequence ends before it has max_tokens. There is no default: what ends a caption is the model's to
/// say.
struct StopRule {
  explicit StopRule(std::vector<std::int32_t> stop_tokens,
                    std::shared_ptr<const StopTexts> stop_texts = nullptr)
      : tokens(std::move(stop_tokens)), texts(std::move(stop_texts)) {}
  /// Of one token, or of none.
  StopRule(std::optional<std::int32_t> stop_token) {
    if (stop_token) tokens = {*stop_token};
  }

  std::vector<std::int32_t> tokens;            ///< each of which ends a sequence; few, or none
  std::shared_ptr<const StopTexts> texts;      ///< or none
  StopTexts::State first = StopTexts::kStart;  ///< what `texts` know of a sequence without tokens

  /// Whether `token` is one of `tokens`.
  bool is_stop_token(std::int32_t token) const;
  /// Whether a sequence ends with `next`. `state` is what `texts` know of the sequence, and goes on with it.
  bool ends_with(std::int32_t next, StopTexts::State& state) const;
};

/// The rule of a model's stop tokens and of DecodeOptions::stop, for a vocabulary with these bytes per token,
/// which are asked for during a search, of sequences that `prompt` stands before. Throws Error(usage) for
/// texts outside their bounds, or if the prompt contains one.
StopRule make_stop_rule(std::vector<std::int32_t> tokens, const std::vector<std::string>& texts,
                        TokenBytes bytes, std::span<const std::int32_t> prompt = {});

/// Throws Error(model) if a stop token is not in the vocabulary.
void require_stop_tokens(const StopRule& stop, std::size_t vocabulary);

}  // namespace caption
