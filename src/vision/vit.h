#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "vision/encoder.h"
#include "vision/sizes.h"

namespace caption {

/// One pre-norm transformer block.
template <typename T>
class VitBlock {
 public:
  VitBlock(Tensors& tensors, const std::string& name, const VitSizes& sizes, const Compute<T>& compute)
      : heads_(sizes.heads()),
        width_(sizes.width),
        ln_1_(take_layer_norm(tensors, name + "ln_1", sizes.width, compute)),
        in_proj_(take_in_proj(tensors, name + "attn.", sizes.width, compute)),
        out_proj_(take_linear(tensors, name + "attn.out_proj", sizes.width, sizes.width, compute)),
        ln_2_(take_layer_norm(tensors, name + "ln_2", sizes.width, compute)),
        c_fc_(take_linear(tensors, name + "mlp.c_fc", tensors.shape(name + "mlp.c_fc.weight", 2)[0],
                          sizes.width, compute)),
        c_proj_(take_linear(tensors, name + "mlp.c_proj", sizes.width, c_fc_.out(), compute)) {}

  /// The residual stream x [B, N, W] in place.
  void operator()(T& x, Activation activation) const {
    const T qkv = in_proj_(ln_1_(x));               // [B, N, 3W]
    const T q = qkv.narrow(2, 0, width_);           // [B, N, W]
    const T k = qkv.narrow(2, width_, width_);      // [B, N, W]
    const T v = qkv.narrow(2, 2 * width_, width_);  // [B, N, W]
    out_proj_.add_to(x, Ops<T>::attention(q, k, v, heads_, false));
    c_proj_.add_to(x, c_fc_(ln_2_(x), activation));
  }

 private:
  /// [W] -> [3W]: q, k and v at once. Hugging Face's files have them apart.
  static Linear<T> take_in_proj(Tensors& tensors, const std::string& name, std::int64_t width,
                                const Compute<T>& compute) {
    if (!tensors.contains(name + "q_proj.weight")) {
      return Linear<T>(tensors.take(name + "in_proj_weight", {3 * width, width}),
                       tensors.take(name + "in_proj_bias", {3 * width}), compute);
    }
    DerivedMatrix matrix{.rule = "q, k and v", .from = {}, .out = 3 * width, .in = width, .make = {}};
    for (const char* part : {"q_proj", "k_proj", "v_proj"}) {
      matrix.from.push_back(tensors.take(name + part + ".weight", {width, width}));
      matrix.from.push_back(tensors.take(name + part + ".bias", {width}));
    }
    matrix.make = [from = matrix.from] {
      const Tensor weights[] = {from[0].to_fp32(), from[2].to_fp32(), from[4].to_fp32()};
      const Tensor biases[] = {from[1].to_fp32(), from[3].to_fp32(), from[5].to_fp32()};
      return std::pair(concatenate(weights, 0), concatenate(biases, 0));
    };
    return Linear<T>(matrix, compute);
  }

  std::int64_t heads_;
  std::int64_t width_;
  LayerNorm<T> ln_1_;
  Linear<T> in_proj_;
  Linear<T> out_proj_;
  LayerNorm<T> ln_2_;
  Linear<T> c_fc_;
  Linear<T> c_proj_;
};

/// CLIP's vision transformer.
template <typename T>
class Vit : public ImageEncoder<T> {
 public:
  /// Throws Error(model).
  Vit(Tensors tensors, Activation activation, const Compute<T>& compute)
      : Vit(tensors, read_vit_sizes(tensors), activation, by_8_bits(compute)) {}

  EncoderKind kind() const override { return EncoderKind::vit; }
  std::int64_t resolution() const override { return sizes_.resolution(); }
  std::int64_t embedding() const override { return sizes_.embedding; }

  T encode(const T& pixels) const override {  // [B, 3, R, R]
    require_pixels(pixels, resolution());
    const T rest = patch_embedding_(Ops<T>::patches(pixels, sizes_.patch));     // [B, g*g, W]
    T x = ln_pre_(Ops<T>::with_positions(class_embedding_, rest, positions_));  // [B, N, W]
    for (const VitBlock<T>& block : blocks_) block(x, activation_);             // [B, N, W]
    return Ops<T>::fp32(proj_(ln_post_(x.select(1, 0))));                       // [B, D]
  }

 private:
  Vit(Tensors& tensors, const VitSizes& sizes, Activation activation, const Compute<T>& compute)
      : sizes_(sizes),
        activation_(activation),
        patch_embedding_(take_patch_embedding(tensors, sizes, compute)),
        class_embedding_(
            take_parameter(tensors, "class_embedding", {sizes.width}, compute).reshape({1, 1, sizes.width})),
        positions_(take_parameter(tensors, "positional_embedding", {sizes.tokens(), sizes.width}, compute)),
        ln_pre_(take_layer_norm(tensors, "ln_pre", sizes.width, compute)),
        ln_post_(take_layer_norm(tensors, "ln_post", sizes.width, compute)),
        proj_(tensors.take("proj", {sizes.width, sizes.embedding}).t(), {}, compute) {
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      blocks_.emplace_back(tensors, "transformer.resblocks." + std::to_string(i) + ".", sizes, compute);
    tensors.require_all_taken();
  }

  /// All of an image's tokens are rows at once: here the multiplications take the time.
  static Compute<T> by_8_bits(Compute<T> compute) {
    compute.activations = Activations::bits8;
    return compute;
  }

  /// The patch convolution's stride equals its side, so it is one matrix product over unfolded patches.
  static Linear<T> take_patch_embedding(Tensors& tensors, const VitSizes& sizes, const Compute<T>& compute) {
    const Tensor weight = tensors.take("conv1.weight", {sizes.width, 3, sizes.patch, sizes.patch});
    return Linear<T>(weight.reshape({sizes.width, 3 * sizes.patch * sizes.patch}), {}, compute);
  }

  VitSizes sizes_;
  Activation activation_;
  Linear<T> patch_embedding_;
  T class_embedding_;  ///< [1, 1, W]
  T positions_;        ///< [N, W]
  LayerNorm<T> ln_pre_;
  std::vector<VitBlock<T>> blocks_;
  LayerNorm<T> ln_post_;
  Linear<T> proj_;
};

}  // namespace caption
