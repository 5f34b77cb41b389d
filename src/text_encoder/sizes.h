#pragma once

#include <cstdint>

#include "tensor/tensors.h"

namespace caption {

/// Sizes of CLIP's text encoder, read off the shapes of its tensors.
struct TextSizes {
  static constexpr std::int64_t kHeadWidth = 64;  ///< in every CLIP of OpenAI and of open_clip

  std::int64_t vocabulary = 0;
  std::int64_t context = 0;  ///< positions
  std::int64_t width = 0;    ///< W
  std::int64_t layers = 0;
  std::int64_t embedding = 0;  ///< D

  std::int64_t heads() const { return width / kHeadWidth; }
};

/// Names as OpenAI's. Throws Error(model) that names the tensor.
TextSizes read_text_sizes(const Tensors& tensors);

}  // namespace caption
