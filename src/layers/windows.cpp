#include "layers/cpu.h"

#include <algorithm>

#include "kernels/parallel.h"

namespace caption {
namespace {

/// Floats below which copying on one thread is quicker than waking another.
constexpr std::int64_t kWorthSharingFloats = 64 * 1024;

/// Calls body(i) for i < count, on several threads if `floats`, the size of the whole result, is worth it.
template <typename Body>
void for_each(std::int64_t count, std::int64_t floats, const Body& body) {
  const auto range = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) body(static_cast<std::int64_t>(i));
  };
  if (floats < kWorthSharingFloats) return range(0, static_cast<std::size_t>(count));
  parallel_for(static_cast<std::size_t>(count), range);
}

/// One image of channels-last activations: [height, width, channels]
struct Plane {
  const float* data;
  std::int64_t height;
  std::int64_t width;
  std::int64_t channels;
};

Plane plane_of(const Tensor& x, std::int64_t image) {  // x [B, H, W, C]
  return {x.data() + image * x.stride(0), x.size(1), x.size(2), x.size(3)};
}

/// The 3 * C floats around column `x` of row `row`, zeros outside; that column may be the one behind the
/// last.
void copy_three(const Plane& plane, std::int64_t row, std::int64_t x, float* to) {
  const std::int64_t c = plane.channels;
  if (row < 0 || row >= plane.height) {
    std::fill_n(to, 3 * c, 0.0F);
    return;
  }
  const std::int64_t from = std::max<std::int64_t>(x - 1, 0);
  const std::int64_t end = std::min(x + 2, plane.width);
  const std::int64_t before = (from - (x - 1)) * c;
  const std::int64_t count = (end - from) * c;
  std::fill_n(to, before, 0.0F);
  std::copy_n(plane.data + (row * plane.width + from) * c, count, to + before);
  std::fill_n(to + before + count, 3 * c - before - count, 0.0F);
}

/// y [C] = the mean over the square of side x side positions whose upper left one is (row, column)
void mean(const Plane& plane, std::int64_t row, std::int64_t column, std::int64_t side, float* y) {
  const std::int64_t c = plane.channels;
  std::fill_n(y, c, 0.0F);
  for (std::int64_t i = 0; i < side; ++i) {
    for (std::int64_t j = 0; j < side; ++j) {
      const float* x = plane.data + ((row + i) * plane.width + column + j) * c;
      for (std::int64_t k = 0; k < c; ++k) y[k] += x[k];
    }
  }
  const auto count = static_cast<float>(side * side);
  for (std::int64_t k = 0; k < c; ++k) y[k] /= count;
}

}  // namespace

Tensor Ops<Tensor>::patches(const Tensor& pixels, std::int64_t side) {
  const Tensor from = pixels.contiguous();
  const std::int64_t resolution = from.size(2);
  const std::int64_t grid = resolution / side;
  Tensor y = Tensor::empty({from.size(0), grid * grid, 3 * side * side});
  // One row of an image's patches after the other.
  float* const result = y.mutable_data();
  for_each(from.size(0) * grid, y.numel(), [&](std::int64_t task) {
    const float* image = from.data() + task / grid * from.stride(0);
    float* to = result + task * grid * y.size(2);
    for (std::int64_t column = 0; column < grid; ++column) {
      for (std::int64_t row = 0; row < 3 * side; ++row) {  // of all colours
        const std::int64_t line = row / side * resolution + task % grid * side + row % side;
        to = std::copy_n(image + line * resolution + column * side, side, to);
      }
    }
  });
  return y;
}

Tensor Ops<Tensor>::neighbourhoods(const Tensor& x, std::int64_t stride, std::int64_t before) {
  const Tensor from = x.contiguous();
  const std::int64_t height = (x.size(1) - 1) / stride + 1;
  const std::int64_t width = (x.size(2) - 1) / stride + 1;
  const std::int64_t three = 3 * x.size(3);
  Tensor y = Tensor::empty({x.size(0), height, width, 3 * three});
  float* const result = y.mutable_data();
  for_each(x.size(0) * height, y.numel(), [&](std::int64_t task) {
    const Plane plane = plane_of(from, task / height);
    float* to = result + task * y.stride(1);
    for (std::int64_t column = 0; column < width; ++column) {
      for (std::int64_t i = 0; i < 3; ++i, to += three)
        copy_three(plane, task % height * stride + i - before, column * stride + 1 - before, to);
    }
  });
  return y;
}

Tensor Ops<Tensor>::average_pool(const Tensor& x, std::int64_t side) {
  const Tensor from = x.contiguous();
  const std::int64_t height = x.size(1) / side;
  const std::int64_t width = x.size(2) / side;
  Tensor y = Tensor::empty({x.size(0), height, width, x.size(3)});
  float* const result = y.mutable_data();
  for_each(x.size(0) * height, x.numel(), [&](std::int64_t task) {
    const Plane plane = plane_of(from, task / height);
    float* to = result + task * y.stride(1);
    for (std::int64_t column = 0; column < width; ++column)
      mean(plane, task % height * side, column * side, side, to + column * plane.channels);
  });
  return y;
}

Tensor Ops<Tensor>::with_positions(const Tensor& first, const Tensor& rest, const Tensor& positions) {
  const Tensor begins = first.contiguous();
  const Tensor follows = rest.contiguous();
  const Tensor places = positions.contiguous();
  const std::int64_t width = rest.size(2);
  const std::int64_t tokens = rest.size(1) + 1;
  const std::int64_t step = first.size(0) == 1 ? 0 : width;  // from image to image in `first`
  Tensor y = Tensor::empty({rest.size(0), tokens, width});
  float* const result = y.mutable_data();
  for_each(rest.size(0) * tokens, y.numel(), [&](std::int64_t task) {
    const std::int64_t image = task / tokens;
    const std::int64_t token = task % tokens;
    const float* x = token == 0 ? begins.data() + image * step : follows.data() + (task - image - 1) * width;
    const float* place = places.data() + token * width;
    float* to = result + task * width;
    for (std::int64_t i = 0; i < width; ++i) to[i] = x[i] + place[i];
  });
  return y;
}

Tensor Ops<Tensor>::with_positions(const Tensor& x, const Tensor& positions) {
  const Tensor from = x.contiguous();
  const Tensor places = positions.contiguous();
  const std::int64_t tokens = x.size(1);
  const std::int64_t width = x.size(2);
  Tensor y = Tensor::empty(x.sizes());
  float* const result = y.mutable_data();
  for_each(x.size(0) * tokens, y.numel(), [&](std::int64_t task) {
    const float* in = from.data() + task * width;
    const float* place = places.data() + task % tokens * width;
    for (std::int64_t i = 0; i < width; ++i) result[task * width + i] = in[i] + place[i];
  });
  return y;
}

}  // namespace caption
