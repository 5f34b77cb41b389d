#include <gtest/gtest.h>

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
at::Tensor neighbourhoods(const at::Tensor& x, std::int64_t stride) {
  const std::int64_t height = (x.size(1) - 1) / stride + 1;
  const std::int64_t width = (x.size(2) - 1) / stride + 1;
  return at::im2col(x.permute({0, 3, 1, 2}), {3, 3}, {1, 1}, {1, 1}, {stride, stride})  // [B, C * 9, h * w]
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
        expect_equal([&] { return Ops<Tensor>::neighbourhoods(from_aten(x), stride); },
                     neighbourhoods(whole, stride));
      }
    }
  }
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
