#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "caption/error.h"
#include "layers/clip_block.h"
#include "vision/encoder.h"
#include "vision/patches.h"
#include "vision/sizes.h"

namespace caption {

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
    for (const ClipBlock<T>& block : blocks_) block(x, activation_);            // [B, N, W]
    return Ops<T>::fp32(proj_(ln_post_(x.select(1, 0))));                       // [B, D]
  }

 private:
  Vit(Tensors& tensors, const VitSizes& sizes, Activation activation, const Compute<T>& compute)
      : sizes_(sizes),
        activation_(activation),
        patch_embedding_(
            take_patch_embedding(tensors, sizes.width, sizes.patch, /*has_bias=*/false, compute)),
        class_embedding_(
            take_parameter(tensors, "class_embedding", {sizes.width}, compute).reshape({1, 1, sizes.width})),
        positions_(take_parameter(tensors, "positional_embedding", {sizes.tokens(), sizes.width}, compute)),
        ln_pre_(take_layer_norm(tensors, "ln_pre", sizes.width, compute)),
        ln_post_(take_layer_norm(tensors, "ln_post", sizes.width, compute)),
        proj_(tensors.take("proj", {sizes.width, sizes.embedding}).t(), {}, compute) {
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      blocks_.emplace_back(tensors, "transformer.resblocks." + std::to_string(i) + ".",
                           ClipBlockSizes{.width = sizes.width, .heads = sizes.heads()}, compute);
    tensors.require_all_taken();
  }

  VitSizes sizes_;
  Activation activation_;
  Linear<T> patch_embedding_;
  T class_embedding_;  ///< [1, 1, W]
  T positions_;        ///< [N, W]
  LayerNorm<T> ln_pre_;
  std::vector<ClipBlock<T>> blocks_;
  LayerNorm<T> ln_post_;
  Linear<T> proj_;
};

}  // namespace caption
