#include "vision/vit.h"

#include <string>
#include <utility>
#include <vector>

#include "vision/shapes.h"
#include "vision/windows.h"

namespace caption {
namespace {

/// Every size of a ViT.
struct VitSizes {
  std::int64_t width = 0;      ///< W
  std::int64_t patch = 0;      ///< p, side of a patch in pixels
  std::int64_t grid = 0;       ///< g, patches per side
  std::int64_t embedding = 0;  ///< D
  std::int64_t layers = 0;
  std::int64_t heads = 0;

  std::int64_t resolution() const { return patch * grid; }
  std::int64_t tokens() const { return grid * grid + 1; }
};

VitSizes read_sizes(const Tensors& tensors) {
  VitSizes sizes;
  const Shape conv = tensors.shape("conv1.weight", 4);  // [W, 3, p, p]
  sizes.width = conv[0];
  sizes.patch = conv[3];
  sizes.grid = grid_side(tensors, "positional_embedding");
  sizes.embedding = tensors.shape("proj", 2)[1];
  sizes.layers = tensors.count_blocks("transformer.resblocks.");
  sizes.heads = sizes.width / kClipHeadWidth;
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
  return sizes;
}

/// One pre-norm transformer block.
class Block {
 public:
  Block(Tensors& tensors, const std::string& name, const VitSizes& sizes, const Compute& compute)
      : heads_(sizes.heads),
        width_(sizes.width),
        ln_1_(take_layer_norm(tensors, name + "ln_1", sizes.width, compute)),
        in_proj_(tensors.take(name + "attn.in_proj_weight", {3 * sizes.width, sizes.width}),
                 tensors.take(name + "attn.in_proj_bias", {3 * sizes.width}), compute),
        out_proj_(take_linear(tensors, name + "attn.out_proj", sizes.width, sizes.width, compute)),
        ln_2_(take_layer_norm(tensors, name + "ln_2", sizes.width, compute)),
        c_fc_(take_linear(tensors, name + "mlp.c_fc", tensors.shape(name + "mlp.c_fc.weight", 2)[0],
                          sizes.width, compute)),
        c_proj_(take_linear(tensors, name + "mlp.c_proj", sizes.width, c_fc_.out(), compute)) {}

  /// The residual stream x [B, T, W] in place.
  void operator()(at::Tensor& x, Activation activation) const {
    const at::Tensor qkv = in_proj_(ln_1_(x));               // [B, T, 3W]
    const at::Tensor q = qkv.narrow(2, 0, width_);           // [B, T, W]
    const at::Tensor k = qkv.narrow(2, width_, width_);      // [B, T, W]
    const at::Tensor v = qkv.narrow(2, 2 * width_, width_);  // [B, T, W]
    out_proj_.add_to(x, attention(q, k, v, heads_, false));
    c_proj_.add_to(x, c_fc_(ln_2_(x), activation));
  }

 private:
  std::int64_t heads_;
  std::int64_t width_;
  LayerNorm ln_1_;
  Linear in_proj_;
  Linear out_proj_;
  LayerNorm ln_2_;
  Linear c_fc_;
  Linear c_proj_;
};

std::vector<Block> take_blocks(Tensors& tensors, const VitSizes& sizes, const Compute& compute) {
  std::vector<Block> blocks;
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    blocks.emplace_back(tensors, "transformer.resblocks." + std::to_string(i) + ".", sizes, compute);
  }
  return blocks;
}

/// The patch convolution's stride equals its side, so it is one matrix product over unfolded patches.
Linear take_patch_embedding(Tensors& tensors, const VitSizes& sizes, const Compute& compute) {
  const at::Tensor weight = tensors.take("conv1.weight", {sizes.width, 3, sizes.patch, sizes.patch});
  return Linear(weight.reshape({sizes.width, 3 * sizes.patch * sizes.patch}), {}, compute);
}

class Vit : public ImageEncoder {
 public:
  Vit(Tensors tensors, const VitSizes& sizes, Activation activation, const Compute& compute)
      : sizes_(sizes),
        activation_(activation),
        patch_embedding_(take_patch_embedding(tensors, sizes, compute)),
        class_embedding_(take_parameter(tensors, "class_embedding", {sizes.width}, compute).view({1, 1, -1})),
        positions_(take_parameter(tensors, "positional_embedding", {sizes.tokens(), sizes.width}, compute)),
        ln_pre_(take_layer_norm(tensors, "ln_pre", sizes.width, compute)),
        blocks_(take_blocks(tensors, sizes, compute)),
        ln_post_(take_layer_norm(tensors, "ln_post", sizes.width, compute)),
        proj_(tensors.take("proj", {sizes.width, sizes.embedding}).t(), {}, compute) {
    tensors.require_all_taken();
  }

  std::string_view kind() const override { return "vit"; }
  std::int64_t resolution() const override { return sizes_.resolution(); }
  std::int64_t embedding() const override { return sizes_.embedding; }

  at::Tensor encode(const at::Tensor& pixels) const override {
    require_pixels(pixels, resolution());
    const at::Tensor rest = patch_embedding_(patches(pixels, sizes_.patch));     // [B, g*g, W]
    at::Tensor x = ln_pre_(with_positions(class_embedding_, rest, positions_));  // [B, T, W]
    for (const Block& block : blocks_) block(x, activation_);
    return proj_(ln_post_(x.select(1, 0))).to(at::kFloat);  // [B, D]
  }

 private:
  VitSizes sizes_;
  Activation activation_;
  Linear patch_embedding_;
  at::Tensor class_embedding_;  ///< [1, 1, W]
  at::Tensor positions_;        ///< [T, W]
  LayerNorm ln_pre_;
  std::vector<Block> blocks_;
  LayerNorm ln_post_;
  Linear proj_;
};

}  // namespace

std::unique_ptr<ImageEncoder> make_vit(Tensors tensors, Activation activation, const Compute& compute) {
  const VitSizes sizes = read_sizes(tensors);
  // All of an image's tokens are rows at once: here the multiplications take the time.
  Compute fast = compute;
  fast.activations = Activations::bits8;
  return std::make_unique<Vit>(std::move(tensors), sizes, activation, fast);
}

}  // namespace caption
