#include "vision/sizes.h"

#include <cmath>
#include <string>

namespace caption {
namespace {

/// Side of the square of positions that `name` [side * side + beside, width] holds; `beside` are those of no
/// place in the picture, 0 or 1.
std::int64_t grid_side(const Tensors& tensors, const std::string& name, std::int64_t beside = 1) {
  const Shape shape = tensors.shape(name, 2);
  const std::int64_t cells = shape[0] - beside;
  const std::int64_t side = cells > 0 ? std::llround(std::sqrt(static_cast<double>(cells))) : 0;
  if (side < 1 || side * side != cells) {
    tensors.fail(name, std::string("expected n x n ") + (beside == 0 ? "" : "+ 1 ") +
                           "positions for a square image, found shape " + to_string(shape));
  }
  return side;
}

/// What all vision transformers have, of either kind of sizes.
template <typename Sizes>
void read_transformer(const Tensors& tensors, std::int64_t head_width, Sizes& sizes) {
  const Shape conv = tensors.shape("conv1.weight", 4);  // [W, 3, p, p]
  sizes.width = conv[0];
  sizes.patch = conv[3];
  sizes.layers = tensors.count_blocks("transformer.resblocks.");
  sizes.head_width = head_width;
  if (sizes.width < head_width || sizes.width % head_width != 0) {
    tensors.fail("conv1.weight", "a ViT's width must be a multiple of " + std::to_string(head_width) +
                                     ", found shape " + to_string(conv));
  }
  if (sizes.patch < 1) tensors.fail("conv1.weight", "empty patches: shape " + to_string(conv));
  if (sizes.layers == 0)
    tensors.fail("transformer.resblocks.0.ln_1.weight", "missing: the encoder has no blocks");
  sizes.hidden = tensors.shape("transformer.resblocks.0.mlp.c_fc.weight", 2)[0];
}

/// Side of the stride, in pixels, of each stage's first block.
constexpr std::array<std::int64_t, 7> kStageStrides = {1, 2, 2, 2, 1, 2, 1};

/// EfficientNet-Lite0 to 4, by the number of their blocks: the side of the pictures that they were trained
/// on.
struct Variant {
  std::size_t blocks;
  std::int64_t resolution;
};
constexpr Variant kVariants[] = {{16, 224}, {20, 240}, {21, 260}, {25, 280}, {33, 300}};

InvertedBottleneckSizes read_bottleneck_sizes(const Tensors& tensors, const std::string& name,
                                              std::int64_t in) {
  InvertedBottleneckSizes sizes{.in = in};
  const std::string depthwise = name + "_depthwise_conv.weight";
  const Shape filters = tensors.shape(depthwise, 4);  // [C, 1, k, k]
  sizes.wide = filters[0];
  sizes.side = filters[3];
  if (sizes.side != 3 && sizes.side != 5 && sizes.side != 7)
    tensors.fail(depthwise, "filters must be of 3 x 3, 5 x 5 or 7 x 7, found shape " + to_string(filters));
  sizes.out = tensors.shape(name + "_project_conv.weight", 4)[0];
  return sizes;
}

/// D of an EfficientNet.
std::int64_t embedding_of(std::int64_t features, std::int64_t classes, EncoderOutput output) {
  return (output == EncoderOutput::classes ? 0 : features) +
         (output == EncoderOutput::features ? 0 : classes);
}

}  // namespace

EncoderKind encoder_kind(const Tensors& tensors) {
  if (tensors.contains("_conv_stem.weight")) return EncoderKind::efficientnet_lite;
  if (tensors.contains("attnpool.probe")) return EncoderKind::siglip;
  return tensors.contains("proj") ? EncoderKind::vit : EncoderKind::resnet;
}

std::string_view name_of(EncoderKind kind) {
  switch (kind) {
    case EncoderKind::vit:
      return "vit";
    case EncoderKind::resnet:
      return "resnet";
    case EncoderKind::efficientnet_lite:
      return "efficientnet-lite";
    case EncoderKind::siglip:
      return "siglip";
  }
  return "";
}

std::string_view name_of(EncoderOutput output) {
  switch (output) {
    case EncoderOutput::embedding:
      return "embedding";
    case EncoderOutput::features:
      return "features";
    case EncoderOutput::classes:
      return "classes";
    case EncoderOutput::classes_and_features:
      return "classes+features";
  }
  return "";
}

std::int64_t vit_head_width(std::int64_t width) {
  switch (width) {
    case 1280:
      return 80;
    case 1408:
      return 88;
    case 1664:
      return 104;
    default:
      return kClipHeadWidth;
  }
}

VitSizes read_vit_sizes(const Tensors& tensors) {
  VitSizes sizes;
  sizes.grid = grid_side(tensors, "positional_embedding");
  sizes.embedding = tensors.shape("proj", 2)[1];
  read_transformer(tensors, vit_head_width(tensors.shape("conv1.weight", 4)[0]), sizes);
  return sizes;
}

std::int64_t siglip_head_width(std::int64_t width) {
  if (width == 1152) return 72;
  return width == 1536 ? 96 : kClipHeadWidth;
}

SiglipSizes read_siglip_sizes(const Tensors& tensors, std::int64_t resolution) {
  SiglipSizes sizes;
  sizes.grid = grid_side(tensors, "positional_embedding", 0);
  read_transformer(tensors, siglip_head_width(tensors.shape("conv1.weight", 4)[0]), sizes);
  sizes.embedding = sizes.width;
  sizes.pool_hidden = tensors.shape("attnpool.mlp.c_fc.weight", 2)[0];
  sizes.image_side = resolution == 0 ? sizes.patch * sizes.grid : resolution;
  if (sizes.image_side / sizes.patch != sizes.grid) {
    tensors.fail("positional_embedding", "holds " + std::to_string(sizes.grid) + " x " +
                                             std::to_string(sizes.grid) + " positions, but pictures of " +
                                             std::to_string(resolution) + " pixels have " +
                                             std::to_string(resolution / sizes.patch) + " patches of " +
                                             std::to_string(sizes.patch) + " on a side");
  }
  return sizes;
}

ResNetSizes read_resnet_sizes(const Tensors& tensors) {
  ResNetSizes sizes;
  const Shape conv = tensors.shape("layer1.0.conv1.weight", 4);
  sizes.width = conv[0];
  if (sizes.width < 2 || sizes.width % 2 != 0) {
    tensors.fail("layer1.0.conv1.weight", "a ResNet's width must be even, found shape " + to_string(conv));
  }
  sizes.grid = grid_side(tensors, "attnpool.positional_embedding");
  for (std::size_t stage = 0; stage < sizes.blocks.size(); ++stage) {
    const std::string name = "layer" + std::to_string(stage + 1) + ".";
    sizes.blocks[stage] = tensors.count_blocks(name);
    if (sizes.blocks[stage] == 0)
      tensors.fail(name + "0.conv1.weight", "missing: the encoder's stage has no blocks");
  }
  sizes.embedding = tensors.shape("attnpool.c_proj.weight", 2)[0];
  return sizes;
}

EfficientNetSizes read_efficientnet_sizes(const Tensors& tensors, EncoderOutput output,
                                          std::int64_t resolution) {
  EfficientNetSizes sizes;
  sizes.stem = tensors.shape("_conv_stem.weight", 4)[0];
  const std::int64_t blocks = tensors.count_blocks("_blocks.");
  std::size_t stage = 0;
  std::int64_t channels = sizes.stem;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string name = "_blocks." + std::to_string(i) + ".";
    InvertedBottleneckSizes block = read_bottleneck_sizes(tensors, name, channels);
    if (i == 0 || block.out != channels) {
      if (stage == kStageStrides.size())
        tensors.fail(name + "_project_conv.weight",
                     "an EfficientNet has seven stages, and this begins an eighth");
      block.stride = kStageStrides[stage++];
    }
    channels = block.out;
    sizes.blocks.push_back(block);
  }
  if (stage != kStageStrides.size()) {
    tensors.fail("_blocks.0._project_conv.weight",
                 "an EfficientNet has seven stages, but only " + std::to_string(stage) + " were found");
  }
  sizes.features = tensors.shape("_conv_head.weight", 4)[0];
  sizes.classes = tensors.shape("_fc.weight", 2)[0];
  sizes.embedding = embedding_of(sizes.features, sizes.classes, output);
  sizes.image_side = resolution;
  for (const Variant& variant : kVariants) {
    if (resolution == 0 && variant.blocks == sizes.blocks.size()) sizes.image_side = variant.resolution;
  }
  if (sizes.image_side == 0) {
    tensors.fail("_blocks.0._depthwise_conv.weight",
                 std::to_string(sizes.blocks.size()) +
                     " blocks are none of EfficientNet-Lite0 to 4, so which pictures it takes is not known");
  }
  return sizes;
}

EncoderOutput efficientnet_output(const Tensors& tensors, std::int64_t embedding) {
  const std::int64_t features = tensors.shape("_conv_head.weight", 4)[0];
  const std::int64_t classes = tensors.shape("_fc.weight", 2)[0];
  for (const EncoderOutput output :
       {EncoderOutput::classes_and_features, EncoderOutput::features, EncoderOutput::classes}) {
    if (embedding_of(features, classes, output) == embedding) return output;
  }
  tensors.fail("_conv_head.weight", "the encoder gives " + std::to_string(features) + " features and " +
                                        std::to_string(classes) + " classes, but the mapper takes " +
                                        std::to_string(embedding) +
                                        " numbers: they were not trained together");
}

}  // namespace caption
