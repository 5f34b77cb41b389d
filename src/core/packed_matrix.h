#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>

#include "core/activation.h"
#include "core/compute.h"
#include "core/weight_memory.h"

namespace caption {

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

/// A weight matrix laid out for the CPU kernels: panels of 64 outputs in words of 32 bits, [in / inputs per
/// word][64], padded with zeros.
///
/// fp32: y[r, n] = bias[n] + sum over k of x[r, k] W[n, k] in one fp32 accumulator, k ascending, every step a
/// fused multiply-add.
/// bf16: the same after x and W were rounded to bf16 (to nearest even, what is below 2^-56 to zero).
/// int8: W[n] and x[r] become whole multiples of a step of their own, of which the largest magnitude is the
/// 127th (or, for x with 16 bits, the 32767th); the integers' products are summed exactly; then y = sum *
/// steps + bias. Each is one defined result, whatever the rows beside it, the threads and the instruction
/// set.
class PackedMatrix {
 public:
  /// weight [out, in] of fp32, fp16 or bf16, with any strides; bias [out] of the same or undefined; `type` is
  /// fp32, bf16 or int8 (at::kChar). Throws Error(internal) for other types and Error(model) for int8 with
  /// more than 32768 inputs.
  PackedMatrix(const at::Tensor& weight, const at::Tensor& bias, at::ScalarType type,
               Activations activations);

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }

  /// x [rows, in]. With int8, a row with an infinity or a NaN in it gives NaN.
  void multiply(const Rows& x, const Product& product) const;

 private:
  struct Quantized;
  void pack_panel(const at::Tensor& weight, std::int64_t panel) const;
  std::unique_ptr<std::uint32_t[]> round_bf16(const Rows& x) const;
  Quantized quantize(const Rows& x) const;
  std::uint32_t* words(std::int64_t panel) const;
  template <typename Kernel, typename Words>
  void multiply_floats(const Kernel& kernel, const Words& x, const Product& product) const;
  void multiply_int8(const Rows& x, const Product& product) const;
  template <typename Sum>
  void by_tiles(std::int64_t rows, std::int64_t most, const Product& product, const Sum& sum) const;

  std::int64_t in_;
  std::int64_t out_;
  at::ScalarType type_;
  std::int64_t digits_;  // int8: bytes of an activation
  std::int64_t steps_;   // words per output
  std::int64_t panels_;
  WeightMemory words_;        // [panels][steps][64], 32 bits each
  WeightMemory bias_;         // [panels][64] fp32
  WeightMemory scales_;       // int8: [panels][64] fp32, the steps of W
  WeightMemory corrections_;  // int8: [panels][64] int32, for activations that are 128 too large
};

}  // namespace caption
