#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "kernels/parallel.h"
#include "on_aten.h"

namespace caption {
namespace {

/// The same numbers as LibTorch's operators give, for one thread and for several.
template <typename Ours>
void expect_equal(const Ours& ours, const at::Tensor& expected, double tolerance = 0) {
  for (const int count : {1, 3}) {
    set_threads(count);
    const at::Tensor x = to_aten(ours());
    ASSERT_EQ(x.sizes(), expected.sizes());
    EXPECT_LE(largest_difference(x, expected), tolerance);
  }
  set_threads(0);
}

at::Tensor patches(const at::Tensor& pixels, std::int64_t side) {
  const std::int64_t b = pixels.size(0);
  const std::int64_t g = pixels.size(2) / side;
  return pixels.reshape({b, 3, g, side, g, side})
      .permute({0, 2, 4, 1, 3, 5})
      .reshape({b, g * g, 3 * side * side});
}

/// x [B, H, W, C]: a convolution's windows, its channels last.
at::Tensor neighbourhoods(const at::Tensor& whole, std::int64_t stride, std::int64_t before) {
  // Zeros all around, of which the first row and column are left out if the windows begin inside.
  const at::Tensor padded = at::constant_pad_nd(whole, {0, 0, before, 1, before, 1}, 0);
  const at::Tensor& x = whole;
  const std::int64_t height = (x.size(1) - 1) / stride + 1;
  const std::int64_t width = (x.size(2) - 1) / stride + 1;
  return at::im2col(padded.permute({0, 3, 1, 2}), {3, 3}, {1, 1}, {0, 0},
                    {stride, stride})  // [B, C * 9, h * w]
      .reshape({x.size(0), x.size(3), 9, height, width})
      .permute({0, 3, 4, 2, 1})
      .reshape({x.size(0), height, width, 9 * x.size(3)});
}

at::Tensor average_pool(const at::Tensor& x, std::int64_t side) {
  return at::avg_pool2d(x.permute({0, 3, 1, 2}), {side, side}).permute({0, 2, 3, 1});
}

/// The same values with other strides, as a view of something larger has them.
at::Tensor strided(const at::Tensor& x) {
  return at::stack({x, x}, -1).select(-1, 1);
}

TEST(Windows, PatchesAreThoseOfLibTorch) {
  for (const std::int64_t side : {1, 2, 8, 16}) {
    const at::Tensor pixels = at::randn({3, 3, 48, 48});
    for (const at::Tensor& x : {pixels, strided(pixels)})
      expect_equal([&] { return Ops<Tensor>::patches(from_aten(x), side); }, patches(pixels, side));
  }
}

TEST(Windows, NeighbourhoodsAreThoseOfLibTorch) {
  for (const std::int64_t stride : {1, 2}) {
    for (const auto& shape : {Shape{2, 12, 12, 20}, {1, 7, 5, 3}, {1, 1, 1, 4}, {1, 40, 40, 48}}) {
      const at::Tensor whole = at::randn(shape);
      for (const at::Tensor& x : {whole, strided(whole)}) {
        expect_equal([&] { return Ops<Tensor>::neighbourhoods(from_aten(x), stride, 1); },
                     neighbourhoods(whole, stride, 1));
      }
    }
  }
}

TEST(Windows, NeighbourhoodsMayBeginInside) {
  for (const auto& shape : {Shape{2, 12, 12, 20}, {1, 130, 130, 3}}) {
    const at::Tensor x = at::randn(shape);
    expect_equal([&] { return Ops<Tensor>::neighbourhoods(from_aten(x), 2, 0); }, neighbourhoods(x, 2, 0));
  }
}

/// x [B, H, W, C]
at::Tensor depthwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t side,
                     std::int64_t stride) {
  const auto missing = [&](std::int64_t size) {
    return std::max<std::int64_t>((size + stride - 1) / stride * stride - stride + side - size, 0);
  };
  const std::int64_t down = missing(x.size(1));
  const std::int64_t across = missing(x.size(2));
  const at::Tensor padded = at::constant_pad_nd(
      x.permute({0, 3, 1, 2}), {across / 2, across - across / 2, down / 2, down - down / 2}, 0);
  return at::conv2d(padded, weight.view({-1, 1, side, side}), bias, {stride, stride}, at::IntArrayRef({0, 0}),
                    {1, 1}, x.size(3))
      .clamp(0, 6)
      .permute({0, 2, 3, 1});
}

TEST(Windows, DepthwiseConvolutionsAreThoseOfLibTorch) {
  for (const std::int64_t channels : {3, 16, 24, 96, 144}) {  // whole groups of lanes, and rests
    for (const auto& [side, stride] : {std::pair(3, 1), {3, 2}, {5, 1}, {5, 2}, {7, 1}}) {
      for (const auto& [height, width] : {std::pair(9, 9), {12, 7}, {1, 2}}) {
        const at::Tensor x = at::randn({2, height, width, channels}) * 3;
        const at::Tensor weight = at::randn({channels, side * side});
        const at::Tensor bias = at::randn({channels});
        const DepthwiseConvolution<Tensor> layer(from_aten(weight), from_aten(bias), stride, {});
        expect_equal([&] { return layer(from_aten(strided(x)), Activation::relu6); },
                     depthwise(x, weight, bias, side, stride), 1e-5);
      }
    }
  }
}

TEST(Windows, ClassesAreMixedAsLibTorchMixesThem) {
  const at::Tensor whole = at::randn({2, 21}) * 3;
  const at::Tensor cells = at::randn({2, 9, 21}) * 3;
  const at::Tensor roots = (0.6 * whole.softmax(-1) + 0.4 * cells.softmax(-1).mean(1)).sqrt();
  const at::Tensor kept = roots * (roots > 0.1);
  const ClassMix mix = {.whole_share = 0.6F, .least_root = 0.1F};
  expect_equal([&] { return Ops<Tensor>::class_mix(from_aten(whole), from_aten(cells), mix); },
               kept / kept.norm(2, -1, true), 1e-6);
  const ClassMix none = {.whole_share = 0.6F, .least_root = 1.0F};
  expect_equal([&] { return Ops<Tensor>::class_mix(from_aten(whole), from_aten(cells), none); },
               at::zeros({2, 21}));
}

TEST(Windows, PoolsAreThoseOfLibTorch) {
  for (const std::int64_t side : {1, 2, 3, 7}) {
    for (const auto& shape : {Shape{2, 14, 14, 20}, {1, 7, 9, 5}, {1, 56, 56, 80}}) {
      const at::Tensor x = at::randn(shape);
      expect_equal([&] { return Ops<Tensor>::average_pool(from_aten(x), side); }, average_pool(x, side),
                   1e-6);
    }
  }
}

TEST(Windows, FirstTokensAreOnePerImageOrOneForAll) {
  const at::Tensor rest = at::randn({3, 49, 96});
  const at::Tensor positions = at::randn({50, 96});
  for (const std::int64_t images : {1, 3}) {
    const at::Tensor first = at::randn({images, 1, 96});
    for (const at::Tensor& x : {rest, strided(rest)}) {
      expect_equal(
          [&] { return Ops<Tensor>::with_positions(from_aten(first), from_aten(x), from_aten(positions)); },
          at::cat({first.expand({3, 1, 96}), rest}, 1) + positions);
    }
  }
}

}  // namespace
}  // namespace caption
