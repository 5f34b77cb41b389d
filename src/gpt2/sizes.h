#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "tensor/tensors.h"

namespace caption {

/// Channels of one attention head in all of OpenAI's GPT-2s and most others.
inline constexpr std::int64_t kGpt2HeadWidth = 64;

/// What the weights of a GPT-2 do not tell.
struct Gpt2Choices {
  std::int64_t heads = 0;  ///< of attention; 0: as many as heads of kGpt2HeadWidth channels make
  Activation activation = Activation::gelu_tanh;  ///< of the blocks' MLPs; or gelu
  /// Tokens that the tokenizer knows. The rows of the vocabulary behind them are padding, and have no logits.
  /// 0: all.
  std::int64_t tokens = 0;
};

/// Sizes of a GPT-2.
struct Gpt2Sizes {
  std::int64_t vocabulary = 0;  ///< V, rows of the token embedding
  std::int64_t tokens = 0;      ///< of them those that are tokens: what logits are of
  std::int64_t context = 0;     ///< number of learned positions
  std::int64_t width = 0;       ///< E
  std::int64_t layers = 0;      ///< L
  std::int64_t hidden = 0;      ///< F, of the blocks' MLPs
  std::int64_t heads = 0;

  std::int64_t head_width() const { return width / heads; }
};

/// Read off the shapes of the tensors, whose names are those of Hugging Face's GPT2Model. Throws Error(model)
/// that names the tensor, and for heads that do not divide the width into multiples of 16 channels.
Gpt2Sizes read_gpt2_sizes(const Tensors& tensors, const Gpt2Choices& choices = {});

/// Whether a vocabulary of so many rows is one of so many tokens with padding behind it, which programs add
/// so that matrices have sides that suit their hardware: up to a multiple of 8, by less than 1,024 rows.
bool is_padded(std::int64_t vocabulary, std::int64_t tokens);

}  // namespace caption
