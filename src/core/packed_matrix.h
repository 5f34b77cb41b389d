#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "core/activation.h"

namespace caption {

/// Memory for weights: aligned to 64 bytes, and to huge pages where that is worth while (a decoding step
/// reads all weights once, so its speed is that of the memory and of the address translation).
class WeightMemory {
 public:
  explicit WeightMemory(std::size_t bytes);
  std::byte* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> data_;
};

/// Rows of floats inside a larger tensor.
struct Rows {
  const float* data;
  std::int64_t stride;  ///< from row to row, in floats
  std::int64_t count;
};

/// Where a product goes: y [rows, out].
struct Product {
  float* y;
  std::int64_t stride;  ///< from row to row, in floats
  Activation activation = Activation::none;
  bool add = false;  ///< y += product instead; without an activation
};

/// A weight matrix laid out for the CPU kernels: panels of 64 outputs, each [in][64], the last one padded
/// with zeros.
///
/// y[r, n] = bias[n] + sum over k of x[r, k] W[n, k] in one fp32 accumulator, k ascending, every step a fused
/// multiply-add: one defined result, whatever the rows beside it, the threads and the instruction set.
class PackedMatrix {
 public:
  /// weight [out, in] of fp32, fp16 or bf16, with any strides; bias [out] fp32 or undefined; `type` is fp32
  /// or bf16. Throws Error(internal) for other types.
  PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type);

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }

  /// x [rows, in]
  void multiply(const Rows& x, const Product& product) const;

 private:
  void pack_panel(const at::Tensor& weight, std::int64_t panel) const;
  void multiply_tile(std::int64_t panel, const Rows& x, const Product& product) const;

  std::int64_t in_;
  std::int64_t out_;
  std::int64_t panels_;
  bool bf16_;
  WeightMemory weights_;  // [panels][in][64] fp32 or bf16
  WeightMemory bias_;     // [panels][64] fp32
};

}  // namespace caption
