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
  StopRule(std::optional<std::int32_t> stop_token, std::shared_ptr<const StopTexts> stop_texts = nullptr)
      : token(stop_token), texts(std::move(stop_texts)) {}

  std::optional<std::int32_t> token;           ///< nothing: no token does
  std::shared_ptr<const StopTexts> texts;      ///< or none
  StopTexts::State first = StopTexts::kStart;  ///< what `texts` know of a sequence without tokens

  /// Whether a sequence ends with `next`. `state` is what `texts` know of the sequence, and goes on with it.
  bool ends_with(std::int32_t next, StopTexts::State& state) const;
};

/// The rule of a model's stop token and of DecodeOptions::stop, for a vocabulary with these bytes per token,
/// which are asked for during a search, of sequences that `prompt` stands before. Throws Error(usage) for
/// texts outside their bounds, or if the prompt contains one.
StopRule make_stop_rule(std::optional<std::int32_t> token, const std::vector<std::string>& texts,
                        TokenBytes bytes, std::span<const std::int32_t> prompt = {});

/// Throws Error(model) if the stop token is not in the vocabulary.
void require_stop_token(const StopRule& stop, std::size_t vocabulary);

}  // namespace caption
