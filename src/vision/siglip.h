#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "layers/clip_block.h"
#include "vision/encoder.h"
#include "vision/patches.h"
#include "vision/sizes.h"

namespace caption {

/// What a layer normalisation adds to the variance, in SigLIP.
inline constexpr double kSiglipEps = 1e-6;

/// An image's tokens -> its embedding: one learnt query attends to all of them, and an MLP follows.
template <typename T>
class ProbePool {
 public:
  /// Throws Error(model).
  ProbePool(Tensors& tensors, const std::string& name, const SiglipSizes& sizes, const Compute<T>& compute)
      : width_(sizes.width),
        heads_(sizes.heads()),
        probe_(take_parameter(tensors, name + "probe", {1, 1, sizes.width}, compute)),
        q_proj_(take_linear(tensors, name + "q_proj", sizes.width, sizes.width, compute)),
        kv_proj_(take_linear(tensors, name + "kv_proj", 2 * sizes.width, sizes.width, compute)),
        out_proj_(take_linear(tensors, name + "out_proj", sizes.width, sizes.width, compute)),
        ln_(take_layer_norm(tensors, name + "ln", sizes.width, compute, kSiglipEps)),
        c_fc_(take_linear(tensors, name + "mlp.c_fc", sizes.pool_hidden, sizes.width, compute)),
        c_proj_(take_linear(tensors, name + "mlp.c_proj", sizes.width, sizes.pool_hidden, compute)) {}

  T operator()(const T& x, Activation activation) const {             // [B, N, W]
    const T kv = kv_proj_(x);                                         // [B, N, 2W]
    const T q = q_proj_(probe_).expand({x.size(0), 1, width_});       // [B, 1, W], the same of all
    const T attended = Ops<T>::attention(q, kv.narrow(2, 0, width_),  //
                                         kv.narrow(2, width_, width_), heads_, false);
    T y = Ops<T>::fp32(out_proj_(attended));  // [B, 1, W]
    c_proj_.add_to(y, c_fc_(ln_(y), activation));
    return y.reshape({x.size(0), width_});  // [B, W]
  }

 private:
  std::int64_t width_;
  std::int64_t heads_;
  T probe_;  ///< [1, 1, W]
  Linear<T> q_proj_;
  Linear<T> kv_proj_;
  Linear<T> out_proj_;
  LayerNorm<T> ln_;
  Linear<T> c_fc_;
  Linear<T> c_proj_;
};

/// SigLIP's vision transformer, which has no class token: its embedding is what transformers calls
/// pooler_output.
template <typename T>
class Siglip : public ImageEncoder<T> {
 public:
  /// Throws Error(model).
  Siglip(Tensors tensors, const EncoderChoices& choices, const Compute<T>& compute)
      : Siglip(tensors, read_siglip_sizes(tensors, choices.resolution), choices.activation,
               by_8_bits(compute)) {}

  EncoderKind kind() const override { return EncoderKind::siglip; }
  std::int64_t resolution() const override { return sizes_.resolution(); }
  std::int64_t embedding() const override { return sizes_.embedding; }

  T encode(const T& pixels) const override {  // [B, 3, R, R]
    require_pixels(pixels, resolution());
    const std::int64_t side =
        sizes_.grid * sizes_.patch;  // what is left over on the right and below is not seen
    const T seen = pixels.narrow(2, 0, side).narrow(3, 0, side);
    T x = Ops<T>::with_positions(patch_embedding_(Ops<T>::patches(seen, sizes_.patch)), positions_);
    for (const ClipBlock<T>& block : blocks_) block(x, activation_);  // [B, N, W]
    return pool_(ln_post_(x), activation_);                           // [B, W]
  }

 private:
  Siglip(Tensors& tensors, const SiglipSizes& sizes, Activation activation, const Compute<T>& compute)
      : sizes_(sizes),
        activation_(activation),
        patch_embedding_(take_patch_embedding(tensors, sizes.width, sizes.patch, /*has_bias=*/true, compute)),
        positions_(take_parameter(tensors, "positional_embedding", {sizes.tokens(), sizes.width}, compute)),
        ln_post_(take_layer_norm(tensors, "ln_post", sizes.width, compute, kSiglipEps)),
        pool_(tensors, "attnpool.", sizes, compute) {
    for (std::int64_t i = 0; i < sizes.layers; ++i)
      blocks_.emplace_back(tensors, "transformer.resblocks." + std::to_string(i) + ".",
                           ClipBlockSizes{.width = sizes.width, .heads = sizes.heads(), .eps = kSiglipEps},
                           compute);
    tensors.require_all_taken();
  }

  SiglipSizes sizes_;
  Activation activation_;
  Linear<T> patch_embedding_;
  T positions_;  ///< [N, W]
  std::vector<ClipBlock<T>> blocks_;
  LayerNorm<T> ln_post_;
  ProbePool<T> pool_;
};

}  // namespace caption
