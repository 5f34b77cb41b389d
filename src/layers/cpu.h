#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/packed_matrix.h"
#include "kernels/packed_store.h"
#include "layers/layers.h"
#include "tensor/tensor.h"

namespace caption {

// The layers on the CPU, by our kernels; layers/layers.h says what they do. All activations are fp32. Each
// row of a result is the same, bit for bit, whatever other rows are in the call, however many threads run and
// whatever instruction set the processor has.

template <>
struct Compute<Tensor> {
  DType weights = DType::fp32;                    ///< fp32, bf16 or int8
  Activations activations = Activations::bits16;  ///< with int8 weights
  std::shared_ptr<PackedStore> packed;            ///< matrices that were packed before, or nothing
};
using CpuCompute = Compute<Tensor>;

template <>
class Linear<Tensor> {
 public:
  /// Neither is read if `compute` has the packed matrix already.
  Linear(const Tensor& weight, const Tensor& bias, const CpuCompute& compute);
  /// Likewise, and the matrix is not computed then.
  Linear(const DerivedMatrix& matrix, const CpuCompute& compute);

  Tensor operator()(const Tensor& x, Activation activation = Activation::none) const;
  Tensor in_fp32(const Tensor& x) const { return (*this)(x); }
  void add_to(Tensor& sum, const Tensor& x, Activation activation = Activation::none) const;

  std::int64_t in() const { return matrix_->in(); }
  std::int64_t out() const { return matrix_->out(); }

 private:
  InputRows rows_of(const Tensor& x) const;

  std::shared_ptr<const PackedMatrix> matrix_;
};

template <>
class DepthwiseConvolution<Tensor> {
 public:
  DepthwiseConvolution(const Tensor& weight, const Tensor& bias, std::int64_t stride,
                       const CpuCompute& compute);

  Tensor operator()(const Tensor& x, Activation activation) const;

 private:
  Tensor weight_;  ///< [k * k, C]
  Tensor bias_;    ///< [C]
  std::int64_t side_;
  std::int64_t stride_;
};

template <>
class LayerNorm<Tensor> {
 public:
  LayerNorm(const Tensor& weight, const Tensor& bias, const CpuCompute& compute, double eps = kUsualEps);

  Tensor operator()(const Tensor& x) const;

 private:
  Tensor weight_;
  Tensor bias_;
  float eps_;
};

/// The table stays as it is in the file.
template <>
class TokenEmbedding<Tensor> {
 public:
  /// table [V, E] of fp32, fp16 or bf16; positions [context, E]
  TokenEmbedding(const Tensor& table, const Tensor& positions, const CpuCompute& compute);

  /// Token r at position r, both [R], inside of the tables -> [R, E]
  Tensor operator()(std::span<const std::int32_t> tokens, std::span<const std::int64_t> positions) const;
  /// prefixes [B, P, E] from position 0 on -> [B * P, E]
  Tensor of_prefixes(const Tensor& prefixes) const;
  /// Without positions, [R] -> [R, E]
  Tensor of_tokens(std::span<const std::int32_t> tokens) const;
  Linear<Tensor> output_layer(std::int64_t tokens, const CpuCompute& compute) const {
    return {table_.narrow(0, 0, tokens), Tensor(), compute};
  }

  std::int64_t vocabulary() const { return table_.size(0); }
  std::int64_t width() const { return table_.size(1); }
  std::int64_t context() const { return positions_.size(0); }

 private:
  Tensor table_;
  Tensor positions_;
};

template <>
struct Ops<Tensor> {
  static Tensor parameter(const Tensor& weight, const CpuCompute& compute);
  static Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads, bool causal);
  static Tensor concatenate(std::span<const Tensor> parts, std::int64_t dim);
  static Tensor fp32(const Tensor& x) { return x; }
  static Tensor normalised(const Tensor& x);
  static Tensor patches(const Tensor& pixels, std::int64_t side);
  static Tensor neighbourhoods(const Tensor& x, std::int64_t stride, std::int64_t before);
  static Tensor average_pool(const Tensor& x, std::int64_t side);
  static Tensor with_positions(const Tensor& first, const Tensor& rest, const Tensor& positions);
  static Tensor with_positions(const Tensor& x, const Tensor& positions);
  static Tensor class_mix(const Tensor& whole, const Tensor& cells, const ClassMix& mix);
  /// One image fills the machine already, and its unfolded neighbourhoods are ten times its activations.
  static constexpr bool kConvolvesTogether = false;
};

}  // namespace caption
