#pragma once

#include <cstdint>
#include <memory>

#include "kernels/activation.h"
#include "kernels/packed_weights.h"

namespace caption {

/// InputRows of floats inside a larger tensor.
struct InputRows {
  const float* data;
  std::int64_t stride;  ///< from row to row, in floats
  std::int64_t count;
};

/// Where a product goes: y [rows, out].
struct Product {
  float* y;
  std::int64_t stride;  ///< from row to row, in floats
  Activation activation = Activation::none;
  bool add = false;  ///< y = activation(y + product) instead
};

/// Products with a weight matrix.
///
/// fp32: y[r, n] = bias[n] + sum over k of x[r, k] W[n, k] in one fp32 accumulator, k ascending, every step a
/// fused multiply-add.
/// bf16: the same after x and W were rounded to bf16 (to nearest even, what is below 2^-56 to zero).
/// int8: W[n] and x[r] become whole multiples of a step of their own, of which the largest magnitude is the
/// 127th (or, for x with 16 bits, the 32767th); the integers' products are summed exactly; then y = sum *
/// steps + bias. Each is one defined result, whatever the rows beside it, the threads and the instruction
/// set; only bf16 has two, as AMX adds up in an order of its own: of each 32 inputs the even and the odd ones
/// apart, by fused multiply-adds, then both to each other and to the sum so far.
class PackedMatrix {
 public:
  PackedMatrix(PackedWeights weights, Activations activations);

  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }

  /// x [rows, in]. With int8, a row with an infinity or a NaN in it gives NaN.
  void multiply(const InputRows& x, const Product& product) const;

 private:
  struct Quantized;
  std::unique_ptr<std::uint32_t[]> round_bf16(const InputRows& x) const;
  Quantized quantize(const InputRows& x) const;
  const std::uint32_t* words(std::int64_t panel) const;
  std::int64_t columns(std::int64_t panel) const;
  template <typename Kernel, typename Words>
  void multiply_floats(const Kernel& kernel, const Words& x, const Product& product) const;
  void multiply_int8(const InputRows& x, const Product& product) const;
  template <typename Sum>
  void by_tiles(std::int64_t rows, std::int64_t tile_rows, const Product& product, const Sum& sum) const;

  std::int64_t in_;
  std::int64_t out_;
  DType type_;
  std::int64_t digits_;  // int8: bytes of an activation
  std::int64_t steps_;   // words per output
  std::int64_t panels_;
  WeightMemory words_;  // as PackedWeights has them
  WeightMemory bias_;
  WeightMemory scales_;
  WeightMemory corrections_;
};

}  // namespace caption
