#pragma once

#include <ATen/ATen.h>

#include <memory>

namespace caption {

class PackedStore;

/// How finely activations are rounded for a product with int8 weights: to one of 255 levels between
/// a row's lowest and highest value, or of 65535. 16 bits cost twice the multiplications of 8, which shows
/// wherever reading the weights does not take the time.
enum class Activations { bits8, bits16 };

/// Where a model's arithmetic runs and in which type its matrices are kept. Decided once, from the user's
/// options.
struct Compute {
  at::Device device = at::kCPU;
  /// at::kFloat or at::kBFloat16; on the CPU also at::kChar (int8), elsewhere also at::kHalf
  at::ScalarType weights = at::kFloat;
  Activations activations = Activations::bits16;  ///< with int8 weights
  std::shared_ptr<PackedStore> packed;  ///< on the CPU: matrices that were packed before, or nothing
};

}  // namespace caption
