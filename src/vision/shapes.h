#pragma once

#include <ATen/ATen.h>

#include <string>

#include "tensor/tensors.h"

namespace caption {

/// Channels of one attention head in every CLIP of OpenAI, and in open_clip's up to ViT-L.
inline constexpr std::int64_t kClipHeadWidth = 64;

/// Side of the square of positions that `name` [side * side + 1, width] holds beside its first one.
/// Throws Error(model) if they are no square.
std::int64_t grid_side(const Tensors& tensors, const std::string& name);

/// Throws Error(internal) unless `pixels` is [B, 3, resolution, resolution].
void require_pixels(const at::Tensor& pixels, std::int64_t resolution);

}  // namespace caption
