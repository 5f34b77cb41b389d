#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tensor/tensors.h"

namespace caption {

// Sizes of image encoders, read off the shapes of their tensors, whose names are CLIP's without "visual.",
// those that SigLIP gets when it is read, or those of EfficientNet-PyTorch. All throw Error(model) that names
// the tensor.

/// Channels of one attention head in every CLIP of OpenAI, and in open_clip's up to ViT-L.
inline constexpr std::int64_t kClipHeadWidth = 64;

enum class EncoderKind { vit, resnet, efficientnet_lite, siglip };
/// Which encoder the tensors are of. CLIP's as openai/CLIP's build_model decides: only the ViT ends in a bare
/// projection.
EncoderKind encoder_kind(const Tensors& tensors);
/// "vit", "resnet", "efficientnet-lite", "siglip": as model.json has it.
std::string_view name_of(EncoderKind kind);

/// What an encoder gives: CLIP and SigLIP their embedding. An EfficientNet its pooled feature, the mix of the
/// classes that it sees, or both, classes first.
enum class EncoderOutput { embedding, features, classes, classes_and_features };
/// "embedding", "features", "classes", "classes+features": as model.json has it.
std::string_view name_of(EncoderOutput output);

/// Of a ViT.
struct VitSizes {
  std::int64_t width = 0;      ///< W
  std::int64_t patch = 0;      ///< p, side of a patch in pixels
  std::int64_t grid = 0;       ///< g, patches per side
  std::int64_t embedding = 0;  ///< D
  std::int64_t layers = 0;
  std::int64_t hidden = 0;  ///< of the blocks' MLPs

  std::int64_t head_width = kClipHeadWidth;

  std::int64_t heads() const { return width / head_width; }
  std::int64_t resolution() const { return patch * grid; }
  std::int64_t tokens() const { return grid * grid + 1; }
};
/// The channels of a ViT's heads, which no shape tells: 64, but not of open_clip's ViT-H, ViT-g and ViT-bigG.
std::int64_t vit_head_width(std::int64_t width);
VitSizes read_vit_sizes(const Tensors& tensors);

/// Of a SigLIP's vision transformer.
struct SiglipSizes {
  std::int64_t width = 0;      ///< W
  std::int64_t patch = 0;      ///< p, side of a patch in pixels
  std::int64_t grid = 0;       ///< g, patches per side
  std::int64_t embedding = 0;  ///< D, the same as W
  std::int64_t layers = 0;
  std::int64_t hidden = 0;       ///< of the blocks' MLPs
  std::int64_t pool_hidden = 0;  ///< of the pooling attention's
  std::int64_t head_width = kClipHeadWidth;
  std::int64_t image_side = 0;  ///< R, from p * g on, below p * (g + 1)

  std::int64_t heads() const { return width / head_width; }
  std::int64_t resolution() const { return image_side; }
  std::int64_t tokens() const { return grid * grid; }
};
/// Channels of its heads: 64, but 72 in So400m and 96 in giant-opt.
std::int64_t siglip_head_width(std::int64_t width);
/// `resolution`: R, or 0 for p * g.
SiglipSizes read_siglip_sizes(const Tensors& tensors, std::int64_t resolution = 0);

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

/// Of an inverted bottleneck: 1x1 expand (if it widens), depthwise, 1x1 project.
struct InvertedBottleneckSizes {
  std::int64_t in = 0;
  std::int64_t wide = 0;  ///< channels of the depthwise convolution
  std::int64_t out = 0;
  std::int64_t side = 3;  ///< of its filters
  std::int64_t stride = 1;

  bool expands() const { return wide != in; }
  bool adds_input() const { return stride == 1 && in == out; }
};

/// Of an EfficientNet-Lite.
struct EfficientNetSizes {
  std::int64_t stem = 0;  ///< channels
  std::vector<InvertedBottleneckSizes> blocks;
  std::int64_t features = 0;  ///< channels of the head
  std::int64_t classes = 0;
  std::int64_t embedding = 0;   ///< D
  std::int64_t image_side = 0;  ///< R

  std::int64_t resolution() const { return image_side; }
};
/// Strides are those of the seven stages of all EfficientNets (Tan and Le 2019, table 1), which begin where
/// the number of channels changes. The tensors do not tell R; if it is 0, it is what the published variant
/// that has so many blocks was trained on.
EfficientNetSizes read_efficientnet_sizes(const Tensors& tensors, EncoderOutput output,
                                          std::int64_t resolution = 0);
/// What an EfficientNet must give for a mapper that takes `embedding` numbers. Throws Error(model) if nothing
/// that it can give fits.
EncoderOutput efficientnet_output(const Tensors& tensors, std::int64_t embedding);

}  // namespace caption
