#pragma once

#include <cstdint>

#include "tensor/tensors.h"

namespace caption {

/// Channels of one attention head in every GPT-2.
inline constexpr std::int64_t kGpt2HeadWidth = 64;

/// Sizes of a GPT-2.
struct Gpt2Sizes {
  std::int64_t vocabulary = 0;  ///< V
  std::int64_t context = 0;     ///< number of learned positions
  std::int64_t width = 0;       ///< E
  std::int64_t layers = 0;      ///< L
  std::int64_t hidden = 0;      ///< F, of the blocks' MLPs

  std::int64_t heads() const { return width / kGpt2HeadWidth; }
};

/// Read off the shapes of the tensors, whose names are those of Hugging Face's GPT2Model. Throws Error(model)
/// that names the tensor.
Gpt2Sizes read_gpt2_sizes(const Tensors& tensors);

}  // namespace caption
