#include "vision/batch_norm.h"

#include <cmath>

namespace caption {

std::string BatchNorm::rule() const {
  return "convolution with batch norm, eps " + std::to_string(eps);
}

BatchNorm take_batch_norm(Tensors& tensors, const std::string& name, std::int64_t channels, double eps) {
  const auto take = [&](const char* part) { return tensors.take(name + part, {channels}); };
  return {take(".weight"), take(".bias"), take(".running_mean"), take(".running_var"), eps};
}

std::pair<Tensor, Tensor> fold_batch_norm(const Tensor& weight, const BatchNorm& norm) {
  const std::int64_t out = weight.size(0);
  const std::int64_t in = weight.numel() / out;
  const Tensor rows = weight.to_fp32().permute(Shape{0, 2, 3, 1}).contiguous();  // [out, k, k, in]
  const Tensor gains = norm.weight.to_fp32();
  const Tensor shifts = norm.bias.to_fp32();
  const Tensor means = norm.mean.to_fp32();
  const Tensor variances = norm.variance.to_fp32();
  Tensor matrix = Tensor::empty({out, in});
  Tensor bias = Tensor::empty({out});
  for (std::int64_t n = 0; n < out; ++n) {
    const double scale =
        static_cast<double>(gains.data()[n]) / std::sqrt(static_cast<double>(variances.data()[n]) + norm.eps);
    const float* from = rows.data() + n * in;
    float* to = matrix.mutable_data() + n * in;
    for (std::int64_t i = 0; i < in; ++i) to[i] = static_cast<float>(static_cast<double>(from[i]) * scale);
    bias.mutable_data()[n] = static_cast<float>(static_cast<double>(shifts.data()[n]) -
                                                static_cast<double>(means.data()[n]) * scale);
  }
  return {matrix, bias};
}

}  // namespace caption
