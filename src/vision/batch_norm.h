#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tensor/tensors.h"

namespace caption {

/// What CLIP's batch norms add to the variance: PyTorch's default.
inline constexpr double kClipEps = 1e-5;

/// A batch norm in inference mode, of C channels: four tensors [C].
struct BatchNorm {
  Tensor weight;
  Tensor bias;
  Tensor mean;
  Tensor variance;
  double eps = kClipEps;

  /// Names what fold_batch_norm computes.
  std::string rule() const;
};

/// Takes `name`.weight, .bias, .running_mean and .running_var [channels].
BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, std::int64_t channels,
                          double eps = kClipEps);

/// The convolution `weight` [out, in, k, k] without bias and the norm after it as one matrix
/// product over neighbourhoods: weight [out, k * k * in] and bias [out], calculated in fp64 and rounded to
/// fp32.
std::pair<Tensor, Tensor> fold_batch_norm(const Tensor& weight, const BatchNorm& norm);

}  // namespace caption
