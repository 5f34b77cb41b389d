#pragma once

#include <array>
#include <cstdint>

#include "tensor/tensors.h"

namespace caption {

// Sizes of CLIP's image encoders, read off the shapes of their tensors, whose names are CLIP's without
// "visual.". All throw Error(model) that names the tensor.

/// Channels of one attention head in every CLIP of OpenAI, and in open_clip's up to ViT-L.
inline constexpr std::int64_t kClipHeadWidth = 64;

/// Whether the encoder is a ViT, else it is a ResNet. As openai/CLIP's build_model decides: only the ViT ends
/// in a bare projection.
inline bool is_vit(const Tensors& tensors) {
  return tensors.contains("proj");
}

/// Of a ViT.
struct VitSizes {
  std::int64_t width = 0;      ///< W
  std::int64_t patch = 0;      ///< p, side of a patch in pixels
  std::int64_t grid = 0;       ///< g, patches per side
  std::int64_t embedding = 0;  ///< D
  std::int64_t layers = 0;
  std::int64_t hidden = 0;  ///< of the blocks' MLPs

  std::int64_t heads() const { return width / kClipHeadWidth; }
  std::int64_t resolution() const { return patch * grid; }
  std::int64_t tokens() const { return grid * grid + 1; }
};
VitSizes read_vit_sizes(const Tensors& tensors);

/// Of a ModifiedResNet.
struct ResNetSizes {
  static constexpr std::int64_t kTotalStride = 32;  ///< pixels per side for one position of the last stage

  std::int64_t width = 0;
  std::array<std::int64_t, 4> blocks{};  ///< bottlenecks of each stage
  std::int64_t grid = 0;                 ///< positions of the last stage per side
  std::int64_t embedding = 0;            ///< D

  std::int64_t resolution() const { return kTotalStride * grid; }
  std::int64_t channels() const { return kTotalStride * width; }  ///< of the last stage
};
ResNetSizes read_resnet_sizes(const Tensors& tensors);

}  // namespace caption
