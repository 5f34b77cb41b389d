#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>

#include "decode/search.h"
#include "gpt2/gpt2.h"

namespace caption {

/// GPT-2 as a search sees it.
class LanguageModel : public StepFunction {
 public:
  /// prefix [B, P, E]; at most `max_tokens` calls of step follow.
  LanguageModel(const Gpt2& gpt2, const at::Tensor& prefix, std::int64_t max_tokens)
      : session_(gpt2.start(prefix, max_tokens)) {}

  Logits start() override { return view(session_.prefill()); }  // [B, V]
  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents) override {
    return view(session_.step(tokens, parents));  // [R, V]
  }

 private:
  Logits view(at::Tensor logits);

  Gpt2Session session_;
  at::Tensor logits_;  // keeps the values alive until the next call
};

}  // namespace caption
