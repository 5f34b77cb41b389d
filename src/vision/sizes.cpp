#include "vision/sizes.h"

#include <cmath>
#include <string>

namespace caption {
namespace {

/// Side of the square of positions that `name` [side * side + 1, width] holds beside its first one.
std::int64_t grid_side(const Tensors& tensors, const std::string& name) {
  const Shape shape = tensors.shape(name, 2);
  const std::int64_t cells = shape[0] - 1;
  const std::int64_t side = cells > 0 ? std::llround(std::sqrt(static_cast<double>(cells))) : 0;
  if (side < 1 || side * side != cells) {
    tensors.fail(name, "expected n x n + 1 positions for a square image, found shape " + to_string(shape));
  }
  return side;
}

}  // namespace

VitSizes read_vit_sizes(const Tensors& tensors) {
  VitSizes sizes;
  const Shape conv = tensors.shape("conv1.weight", 4);  // [W, 3, p, p]
  sizes.width = conv[0];
  sizes.patch = conv[3];
  sizes.grid = grid_side(tensors, "positional_embedding");
  sizes.embedding = tensors.shape("proj", 2)[1];
  sizes.layers = tensors.count_blocks("transformer.resblocks.");
  // open_clip's ViT-H, ViT-g and ViT-bigG have heads of 80, 88 and 104 channels, which no shape tells.
  if (sizes.width == 1280 || sizes.width == 1408 || sizes.width == 1664) {
    tensors.fail("conv1.weight",
                 "a ViT of width " + std::to_string(sizes.width) +
                     " (open_clip's ViT-H, ViT-g or ViT-bigG) has heads of another width than " +
                     std::to_string(kClipHeadWidth) + " and is not supported");
  }
  if (sizes.width < kClipHeadWidth || sizes.width % kClipHeadWidth != 0) {
    tensors.fail("conv1.weight", "a ViT's width must be a multiple of " + std::to_string(kClipHeadWidth) +
                                     ", found shape " + to_string(conv));
  }
  if (sizes.patch < 1) tensors.fail("conv1.weight", "empty patches: shape " + to_string(conv));
  if (sizes.layers == 0)
    tensors.fail("transformer.resblocks.0.ln_1.weight", "missing: the encoder has no blocks");
  sizes.hidden = tensors.shape("transformer.resblocks.0.mlp.c_fc.weight", 2)[0];
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

}  // namespace caption
