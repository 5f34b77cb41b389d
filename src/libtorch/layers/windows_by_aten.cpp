#include "vision/windows.h"

namespace caption::by_aten {

at::Tensor patches(const at::Tensor& pixels, std::int64_t side) {
  const std::int64_t b = pixels.size(0);
  const std::int64_t g = pixels.size(2) / side;
  return pixels.reshape({b, 3, g, side, g, side})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({b, g * g, 3 * side * side});
}

at::Tensor neighbourhoods(const at::Tensor& x, std::int64_t stride) {
  const at::Tensor padded =
      at::constant_pad_nd(x, {0, 0, 1, 1, 1, 1}, 0).contiguous();  // [B, H + 2, W + 2, C]
  const std::int64_t b = x.size(0);
  const std::int64_t c = x.size(3);
  const std::int64_t height = (x.size(1) - 1) / stride + 1;
  const std::int64_t width = (x.size(2) - 1) / stride + 1;
  const std::int64_t row = padded.stride(1);
  // Three neighbours in a row lie side by side, so a window is three runs of 3 * C.
  return padded.as_strided({b, height, width, 3, 3 * c}, {padded.stride(0), stride * row, stride * c, row, 1})
      .reshape({b, height, width, 9 * c});
}

at::Tensor average_pool(const at::Tensor& x, std::int64_t side) {
  return at::avg_pool2d(x.permute({0, 3, 1, 2}), {side, side}).permute({0, 2, 3, 1}).contiguous();
}

at::Tensor with_positions(const at::Tensor& first, const at::Tensor& rest, const at::Tensor& positions) {
  return at::cat({first.expand({rest.size(0), 1, rest.size(2)}), rest}, 1) + positions;
}

}  // namespace caption::by_aten
