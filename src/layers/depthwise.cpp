#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/work.h"
#include "layers/cpu.h"

namespace caption {
namespace {

/// Positions of the largest filter, 7 x 7.
constexpr std::int64_t kMostTaps = 49;

}  // namespace

DepthwiseConvolution<Tensor>::DepthwiseConvolution(const Tensor& weight, const Tensor& bias,
                                                   std::int64_t stride, const CpuCompute& /*compute*/)
    : weight_(weight.to_fp32().permute(Shape{1, 0}).contiguous()),
      bias_(bias.to_fp32()),
      side_(std::llround(std::sqrt(static_cast<double>(weight.size(1))))),
      stride_(stride) {
  if (weight.size(1) > kMostTaps || side_ * side_ != weight.size(1)) {
    throw Error(ErrorKind::internal, "depthwise convolution: filters of shape " + to_string(weight.sizes()));
  }
}

Tensor DepthwiseConvolution<Tensor>::operator()(const Tensor& x, Activation activation) const {
  const kernels::Kernels& kernel = kernels::active();
  const Tensor from = x.contiguous();
  const float* const pictures = from.data();
  const float* const weights = weight_.data();
  const float* const bias = bias_.data();
  const std::int64_t channels = bias_.size(0);
  const std::int64_t in_height = x.size(1);
  const std::int64_t in_width = x.size(2);
  const std::int64_t height = (in_height - 1) / stride_ + 1;
  const std::int64_t width = (in_width - 1) / stride_ + 1;
  const std::int64_t top = zeros_before(in_height, side_, stride_);
  const std::int64_t left = zeros_before(in_width, side_, stride_);
  Tensor y = Tensor::empty({x.size(0), height, width, channels});
  float* const result = y.mutable_data();
  count_work(Arithmetic::fp32, 2 * y.numel() * side_ * side_, 0);
  parallel_for(static_cast<std::size_t>(x.size(0) * height), [&](std::size_t begin, std::size_t end) {
    std::array<kernels::Tap, kMostTaps> taps{};
    for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
      const float* const image = pictures + task / height * in_height * in_width * channels;
      const std::int64_t row = task % height * stride_ - top;
      for (std::int64_t column = 0; column < width; ++column) {
        const std::int64_t first = column * stride_ - left;
        std::size_t count = 0;  // of the positions inside the image
        for (std::int64_t i = std::max<std::int64_t>(-row, 0); i < std::min(side_, in_height - row); ++i) {
          for (std::int64_t j = std::max<std::int64_t>(-first, 0); j < std::min(side_, in_width - first);
               ++j) {
            taps[count++] = {image + ((row + i) * in_width + first + j) * channels,
                             weights + (i * side_ + j) * channels};
          }
        }
        kernel.depthwise({taps.data(), count}, bias, channels, activation,
                         result + (task * width + column) * channels);
      }
    }
  });
  return y;
}

}  // namespace caption
