#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/activation.h"
#include "tensor/tensors.h"

// What models are made of. A model is written once, as templates over the type T of its tensors, and exists
// twice: over Tensor, calculated by our kernels on the CPU (layers/cpu.h), and over LibTorch's at::Tensor, on
// GPUs (libtorch/layers/layers.h). Each of them specialises what is declared here. Both tensor types have
// size, dim, narrow, select, reshape, flatten, permute, expand and contiguous.

namespace caption {

/// Where a model's arithmetic runs and in which type its matrices are kept. Decided once, from the user's
/// options. Has `DType weights` and `Activations activations`.
template <typename T>
struct Compute;

/// A layer's matrix that is computed from tensors of a file.
struct DerivedMatrix {
  std::string rule;          ///< names the computation
  std::vector<Tensor> from;  ///< all tensors that it depends on
  std::int64_t out = 0;
  std::int64_t in = 0;
  std::function<std::pair<Tensor, Tensor>()> make;  ///< -> weight [out, in], bias [out]
};

/// y = activation(x W^T + b), with the weights in the type of `Compute`. Made of a weight [out, in] of fp32,
/// fp16 or bf16 (it may be a transposed view) and a bias [out] or undefined, or of a DerivedMatrix.
///
///   T operator()(const T& x, Activation = none) const        x [..., in] -> [..., out]
///   T in_fp32(const T& x) const                               x [rows, in] -> [rows, out] in fp32, for a
///   layer
///                                                             without bias whose results must not be rounded
///   void add_to(T& sum, const T& x, Activation = none) const  sum [..., out] = activation(sum + x W^T + b)
///   in
///                                                             place, for a residual stream; `sum` is
///                                                             contiguous
///   std::int64_t in() const, out() const
template <typename T>
class Linear;

/// A filter for each channel, of odd side k, with zeros around the image as TensorFlow's "SAME" has them
/// (`zeros_before`), and an activation after it; in fp32 whatever the matrices are. Made of weights [C, k *
/// k] and a bias [C].
///
///   T operator()(const T& x, Activation) const
///       x [B, H, W, C] -> [B, (H - 1) / stride + 1, (W - 1) / stride + 1, C]
template <typename T>
class DepthwiseConvolution;

/// How many rows or columns of zeros stand around `size` of them so that windows of `side`, `stride` apart,
/// cover them all, in TensorFlow's "SAME" convolutions.
constexpr std::int64_t zeros_around(std::int64_t size, std::int64_t side, std::int64_t stride) {
  const std::int64_t last = (size - 1) / stride * stride;
  return std::max<std::int64_t>(last + side - size, 0);
}

/// Those of them that stand before the first: half, rounded down.
constexpr std::int64_t zeros_before(std::int64_t size, std::int64_t side, std::int64_t stride) {
  return zeros_around(size, side, stride) / 2;
}

/// What a layer normalisation adds to the variance, in CLIP, GPT-2 and ClipCap's mappers.
inline constexpr double kUsualEps = 1e-5;

/// Layer normalisation over the last dimension in fp32, of weight [width], bias [width] and an eps:
/// x [..., width] -> [..., width]. Rows do not influence each other's bits.
template <typename T>
class LayerNorm;

/// Embeddings of tokens and of their positions, made of a table [V, E] and of positions [context, E], both of
/// fp32, fp16 or bf16.
///
///   T operator()(std::span<const std::int32_t> tokens, std::span<const std::int64_t> positions) const
///       token r at position r, both [R], inside of the tables -> [R, E] fp32
///   T of_prefixes(const T& prefixes) const        prefixes [B, P, E] from position 0 on -> [B * P, E] fp32
///   T of_tokens(std::span<const std::int32_t> tokens) const   without positions, [R] -> [R, E] fp32
///   Linear<T> output_layer(tokens, const Compute<T>&) const   [E] -> [tokens] by the table's first rows, for
///   a
///                                                             model that ties them
///   std::int64_t vocabulary() const, width() const, context() const
template <typename T>
class TokenEmbedding;

/// How an image's classes become an embedding: p = whole_share * softmax(whole) + (1 - whole_share) * the
/// mean of the cells' softmax; of its square roots those above `least_root`, else 0, by their Euclidean
/// length. No root is above it: zeros.
struct ClassMix {
  float whole_share = 0;
  float least_root = 0;
};

/// Functions of tensors:
///
///   T parameter(const Tensor& weight, const Compute<T>&)   a parameter that is used as it is, in fp32
///   T attention(const T& q, const T& k, const T& v, std::int64_t heads, bool causal)
///       multi-head attention of q [B, Tq, width] over k, v [B, Tk, width], scale dim_head^-0.5 ->
///       [B, Tq, width]; `causal` needs Tq == Tk; softmax in fp32; q, k and v may be slices of one projection
///   T concatenate(std::span<const T> parts, std::int64_t dim)
///   T fp32(const T& x)                                      the same values in fp32
///   T normalised(const T& x)                                x [B, D] -> each row by its Euclidean length
///   T patches(const T& pixels, std::int64_t side)           pixels [B, 3, R, R] ->
///       [B, (R / side)^2, 3 * side * side]: the squares row by row, each in the order of a convolution's
///       weights; `side` divides R
///   T neighbourhoods(const T& x, std::int64_t stride, std::int64_t before)       x [B, H, W, C] ->
///       [B, (H - 1) / stride + 1, (W - 1) / stride + 1, 9 * C]: squares of 3 x 3, the first one `before` (0
///       or 1) rows and columns outside of the image; zeros outside
///   T average_pool(const T& x, std::int64_t side)           x [B, H, W, C] -> [B, H / side, W / side, C]:
///   the
///       mean over side x side, rounded down at the edges
///   T with_positions(const T& first, const T& rest, const T& positions)   first [B or 1, 1, C], rest
///       [B, N, C], positions [N + 1, C] -> [B, N + 1, C]: first before rest, plus positions
///   T with_positions(const T& x, const T& positions)   x [B, N, C] + positions [N, C] of each, in fp32
///   T class_mix(const T& whole, const T& cells, const ClassMix&)   whole [B, N], cells [B, M, N], logits of
///       classes -> [B, N]
///   constexpr bool kConvolvesTogether                       whether several images are convolved at once
template <typename T>
struct Ops;

/// "[2, 512]": the shape of a tensor of either type, for messages.
template <typename T>
std::string shape_text(const T& x) {
  Shape shape;
  for (std::int64_t i = 0; i < x.dim(); ++i) shape.push_back(x.size(i));
  return to_string(shape);
}

/// Takes `name`.weight [out, in] and `name`.bias [out].
template <typename T>
Linear<T> take_linear(Tensors& tensors, const std::string& name, std::int64_t out, std::int64_t in,
                      const Compute<T>& compute) {
  const Tensor weight = tensors.take(name + ".weight", {out, in});
  return Linear<T>(weight, tensors.take(name + ".bias", {out}), compute);
}

/// Takes `name`.weight [out, in]; there is no bias.
template <typename T>
Linear<T> take_linear_without_bias(Tensors& tensors, const std::string& name, std::int64_t out,
                                   std::int64_t in, const Compute<T>& compute) {
  return Linear<T>(tensors.take(name + ".weight", {out, in}), Tensor(), compute);
}

/// Takes `name`.weight [width] and `name`.bias [width].
template <typename T>
LayerNorm<T> take_layer_norm(Tensors& tensors, const std::string& name, std::int64_t width,
                             const Compute<T>& compute, double eps = kUsualEps) {
  const Tensor weight = tensors.take(name + ".weight", {width});
  return LayerNorm<T>(weight, tensors.take(name + ".bias", {width}), compute, eps);
}

/// Takes a parameter that is used as it is.
template <typename T>
T take_parameter(Tensors& tensors, const std::string& name, const Shape& shape, const Compute<T>& compute) {
  return Ops<T>::parameter(tensors.take(name, shape), compute);
}

}  // namespace caption
