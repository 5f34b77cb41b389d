#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>

#include "decode/search.h"
#include "gpt2/gpt2.h"

namespace caption {

/// GPT-2 as a search sees it: its images are prefixes.
class LanguageModel : public StepFunction {
 public:
  explicit LanguageModel(const Gpt2& gpt2) : session_(gpt2.start()) {}
  /// Its first images have the prefixes [B, P, E].
  LanguageModel(const Gpt2& gpt2, at::Tensor prefixes) : LanguageModel(gpt2) { add(std::move(prefixes)); }

  /// prefixes [B, P, E] of the next images; those before have joined.
  void add(at::Tensor prefixes) { prefixes_ = std::move(prefixes); }

  /// Throws Error(internal) if `joining` is neither 0 nor the number of the images that were added.
  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override;

 private:
  Gpt2Session session_;
  at::Tensor prefixes_;
  at::Tensor logits_;  // keeps the values alive until the next call
};

}  // namespace caption
