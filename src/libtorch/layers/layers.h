#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <span>

#include "gpt2/cache.h"
#include "layers/layers.h"
#include "tensor/tensor.h"

namespace caption {

// The layers by LibTorch's operators, for any of its devices; layers/layers.h says what they do. Matrices and
// what they give have the weights' type; norms, embeddings and the residual stream are fp32. Nothing here
// makes the CPU wait for the device but the constructors, which copy the weights there.

template <>
struct Compute<at::Tensor> {
  at::Device device = at::kCPU;
  DType weights = DType::fp32;                    ///< fp32, fp16 or bf16
  Activations activations = Activations::bits16;  ///< without meaning here: there are no int8 weights
};
using TorchCompute = Compute<at::Tensor>;

/// x has the weights' type or fp32.
template <>
class Linear<at::Tensor> {
 public:
  Linear(const Tensor& weight, const Tensor& bias, const TorchCompute& compute);
  Linear(const DerivedMatrix& matrix, const TorchCompute& compute);
  /// Without bias; weight [out, in] is on the device in the weights' type, and is shared.
  explicit Linear(at::Tensor weight) : weight_(std::move(weight)) {}

  at::Tensor operator()(const at::Tensor& x, Activation activation = Activation::none) const;
  at::Tensor in_fp32(const at::Tensor& x) const;
  void add_to(at::Tensor& sum, const at::Tensor& x, Activation activation = Activation::none) const;

  std::int64_t in() const { return weight_.size(1); }
  std::int64_t out() const { return weight_.size(0); }

 private:
  at::Tensor multiply(const at::Tensor& x) const;
  void require_input(const at::Tensor& x) const;

  at::Tensor weight_;  // [out, in]
  at::Tensor bias_;    // [out] or undefined
};

template <>
class DepthwiseConvolution<at::Tensor> {
 public:
  DepthwiseConvolution(const Tensor& weight, const Tensor& bias, std::int64_t stride,
                       const TorchCompute& compute);

  at::Tensor operator()(const at::Tensor& x, Activation activation) const;  // of x's type

 private:
  at::Tensor weight_;  // [C, 1, k, k]
  at::Tensor bias_;    // [C]
  std::int64_t stride_;
};

template <>
class LayerNorm<at::Tensor> {
 public:
  LayerNorm(const Tensor& weight, const Tensor& bias, const TorchCompute& compute, double eps = kUsualEps);

  at::Tensor operator()(const at::Tensor& x) const;  // fp32

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  double eps_;
};

/// The table is kept in the weights' type.
template <>
class TokenEmbedding<at::Tensor> {
 public:
  /// table [V, E], positions [context, E]
  TokenEmbedding(const Tensor& table, const Tensor& positions, const TorchCompute& compute);

  /// Token r at position r, both [R] int64 on the device -> [R, E] fp32
  at::Tensor operator()(const at::Tensor& tokens, const at::Tensor& positions) const;
  /// The same for tokens and positions that the CPU has, in one copy.
  at::Tensor operator()(std::span<const std::int32_t> tokens, std::span<const std::int64_t> positions) const;
  /// prefixes [B, P, E] from position 0 on -> [B * P, E] fp32
  at::Tensor of_prefixes(const at::Tensor& prefixes) const;
  /// Without positions, [R] -> [R, E] fp32
  at::Tensor of_tokens(std::span<const std::int32_t> tokens) const;
  /// [E] -> [tokens] by the table's first rows, which are shared.
  Linear<at::Tensor> output_layer(std::int64_t tokens, const TorchCompute& /*compute*/) const {
    return Linear<at::Tensor>(table_.narrow(0, 0, tokens));
  }

  std::int64_t vocabulary() const { return table_.size(0); }
  std::int64_t width() const { return table_.size(1); }
  std::int64_t context() const { return positions_.size(0); }

 private:
  at::Tensor table_;
  at::Tensor positions_;
};

template <>
struct Ops<at::Tensor> {
  static at::Tensor parameter(const Tensor& weight, const TorchCompute& compute);
  static at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                              std::int64_t heads, bool causal);
  static at::Tensor concatenate(std::span<const at::Tensor> parts, std::int64_t dim);
  static at::Tensor fp32(const at::Tensor& x) { return x.to(at::kFloat); }
  static at::Tensor normalised(const at::Tensor& x);
  static at::Tensor patches(const at::Tensor& pixels, std::int64_t side);
  static at::Tensor neighbourhoods(const at::Tensor& x, std::int64_t stride, std::int64_t before);
  static at::Tensor average_pool(const at::Tensor& x, std::int64_t side);
  static at::Tensor with_positions(const at::Tensor& first, const at::Tensor& rest,
                                   const at::Tensor& positions);
  static at::Tensor with_positions(const at::Tensor& x, const at::Tensor& positions) { return x + positions; }
  static at::Tensor class_mix(const at::Tensor& whole, const at::Tensor& cells, const ClassMix& mix);
  static constexpr bool kConvolvesTogether = true;
};

template <>
std::unique_ptr<Cache<at::Tensor>> make_cache(const CacheShape& shape, const TorchCompute& compute);

}  // namespace caption
