#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/weight_memory.h"
#include "tensor/tensor.h"

namespace caption {

/// How large the parts of a packed matrix are.
struct PackedSizes {
  std::int64_t steps;     ///< words per output
  std::int64_t panels;    ///< of 64 outputs
  std::size_t words;      ///< bytes of PackedWeights::words
  std::size_t bias;       ///< likewise
  std::size_t only_int8;  ///< likewise, of `scales` and of `corrections`; 0 for the other types
};

/// Of a matrix [out, in], both at least 1.
PackedSizes packed_sizes(std::int64_t out, std::int64_t in, DType type);

/// A weight matrix laid out for the CPU kernels: panels of 64 outputs, padded with zeros, in words of 32
/// bits, of which 16 outputs' lie side by side. A word holds 1 input (fp32), 2 (bf16, the earlier one in the
/// upper half) or 4 (int8, the earliest one in the lowest byte). The layout and the bits are the same on
/// every processor.
struct PackedWeights {
  std::int64_t in;
  std::int64_t out;
  DType type;                ///< fp32, bf16 or int8
  std::int64_t steps;        ///< words per output
  std::int64_t panels;       ///< of 64 outputs
  WeightMemory words;        ///< [panels][4][steps][16], 32 bits each
  WeightMemory bias;         ///< [panels][64] fp32
  WeightMemory scales;       ///< int8: [panels][64] fp32, the steps between neighbouring integers
  WeightMemory corrections;  ///< int8: [panels][64] int32, for activations that are 128 too large
};

/// weight [out, in] of fp32, fp16 or bf16, with any strides; bias [out] of the same or undefined. What has
/// been packed is released if it lies in a mapped file (see release_pages). Throws Error(internal) for other
/// types and Error(model) for int8 with more than 32768 inputs.
PackedWeights pack_weights(const Tensor& weight, const Tensor& bias, DType type);

}  // namespace caption
