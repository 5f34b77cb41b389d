#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "layers/layers.h"

namespace caption {

/// What a block's tensors do not tell.
struct ClipBlockSizes {
  std::int64_t width = 0;  ///< W
  std::int64_t heads = 0;
  bool causal = false;     ///< a position attends to those before it alone
  double eps = kUsualEps;  ///< of its layer normalisations
};

/// One pre-norm transformer block, as both sides of CLIP have them.
template <typename T>
class ClipBlock {
 public:
  ClipBlock(Tensors& tensors, const std::string& name, const ClipBlockSizes& sizes, const Compute<T>& compute)
      : heads_(sizes.heads),
        width_(sizes.width),
        causal_(sizes.causal),
        ln_1_(take_layer_norm(tensors, name + "ln_1", sizes.width, compute, sizes.eps)),
        in_proj_(take_in_proj(tensors, name + "attn.", sizes.width, compute)),
        out_proj_(take_linear(tensors, name + "attn.out_proj", sizes.width, sizes.width, compute)),
        ln_2_(take_layer_norm(tensors, name + "ln_2", sizes.width, compute, sizes.eps)),
        c_fc_(take_linear(tensors, name + "mlp.c_fc", tensors.shape(name + "mlp.c_fc.weight", 2)[0],
                          sizes.width, compute)),
        c_proj_(take_linear(tensors, name + "mlp.c_proj", sizes.width, c_fc_.out(), compute)) {}

  /// The residual stream x [B, N, W] in place.
  void operator()(T& x, Activation activation) const {
    const T qkv = in_proj_(ln_1_(x));               // [B, N, 3W]
    const T q = qkv.narrow(2, 0, width_);           // [B, N, W]
    const T k = qkv.narrow(2, width_, width_);      // [B, N, W]
    const T v = qkv.narrow(2, 2 * width_, width_);  // [B, N, W]
    out_proj_.add_to(x, Ops<T>::attention(q, k, v, heads_, causal_));
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
  bool causal_;
  LayerNorm<T> ln_1_;
  Linear<T> in_proj_;
  Linear<T> out_proj_;
  LayerNorm<T> ln_2_;
  Linear<T> c_fc_;
  Linear<T> c_proj_;
};

}  // namespace caption
