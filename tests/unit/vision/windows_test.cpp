#include "vision/windows.h"

#include <gtest/gtest.h>

#include "kernels/parallel.h"
#include "tensor/tensors.h"

namespace caption {
namespace {

/// The same numbers, for one thread and for several.
template <typename One, typename Other>
void expect_equal(const One& ours, const Other& by_aten, double tolerance = 0) {
  for (const int count : {1, 3}) {
    set_threads(count);
    const at::Tensor x = ours();
    const at::Tensor y = by_aten();
    ASSERT_EQ(x.sizes(), y.sizes());
    EXPECT_LE((x - y).abs().max().item<double>(), tolerance);
  }
  set_threads(0);
}

TEST(Windows, PatchesAreThoseOfLibTorch) {
  for (const std::int64_t side : {1, 2, 8, 16}) {
    const at::Tensor pixels = at::randn({3, 3, 48, 48});
    expect_equal([&] { return patches(pixels, side); }, [&] { return by_aten::patches(pixels, side); });
  }
}

TEST(Windows, NeighbourhoodsAreThoseOfLibTorch) {
  for (const std::int64_t stride : {1, 2}) {
    for (const auto& shape : {Shape{2, 12, 12, 20}, {1, 7, 5, 3}, {1, 1, 1, 4}, {1, 40, 40, 48}}) {
      const at::Tensor x = at::randn(shape);
      expect_equal([&] { return neighbourhoods(x, stride); },
                   [&] { return by_aten::neighbourhoods(x, stride); });
    }
  }
}

TEST(Windows, PoolsAreThoseOfLibTorch) {
  for (const std::int64_t side : {1, 2, 3, 7}) {
    for (const auto& shape : {Shape{2, 14, 14, 20}, {1, 7, 9, 5}, {1, 56, 56, 80}}) {
      const at::Tensor x = at::randn(shape);
      expect_equal([&] { return average_pool(x, side); }, [&] { return by_aten::average_pool(x, side); },
                   1e-6);
    }
  }
}

TEST(Windows, FirstTokensAreOnePerImageOrOneForAll) {
  const at::Tensor rest = at::randn({3, 49, 96});
  const at::Tensor positions = at::randn({50, 96});
  for (const std::int64_t images : {1, 3}) {
    const at::Tensor first = at::randn({images, 1, 96});
    expect_equal([&] { return with_positions(first, rest, positions); },
                 [&] { return by_aten::with_positions(first, rest, positions); });
  }
}

}  // namespace
}  // namespace caption
