#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/packed_weights.h"
#include "tensor/tensor.h"

namespace caption {

/// Which matrix is meant: what it was made of, and as what it is packed.
struct MatrixKey {
  std::string origin;  ///< see origin_of
  std::int64_t out;
  std::int64_t in;
  DType type;  ///< fp32, bf16 or int8
};

/// Packed matrices that were kept. Loading a model asks it for every matrix.
class PackedStore {
 public:
  virtual ~PackedStore() = default;
  /// The matrix that was kept under `key`, or else what `pack` makes.
  virtual PackedWeights get(const MatrixKey& key, const std::function<PackedWeights()>& pack) = 0;
};

/// Says exactly which values of which mapped files the tensors are, and what is made of them: "clip.pt 4096
/// fp16 [768, 512] [512, 1]" and so on, a line each, after a line with the `rule`. An undefined tensor is
/// "none". Empty if one of them lies in no mapped file.
std::string origin_of(const std::string& rule, const std::vector<Tensor>& tensors);

}  // namespace caption
