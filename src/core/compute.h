#pragma once

#include <ATen/ATen.h>

namespace caption {

/// Where a model's arithmetic runs and in which type its matrices are kept. Decided once, from the user's
/// options.
struct Compute {
  at::Device device = at::kCPU;
  at::ScalarType weights = at::kFloat;  ///< at::kFloat or at::kBFloat16
};

}  // namespace caption
