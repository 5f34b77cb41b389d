// What LibTorch's layers give beside the CPU's, which are tested against the definitions.

#include <gtest/gtest.h>

#include <vector>

#include "aten.h"
#include "layers/cpu.h"
#include "libtorch/layers/layers.h"

namespace caption {
namespace {

using Torch = Ops<at::Tensor>;
using Cpu = Ops<Tensor>;

void expect_same(const at::Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.sizes(), expected.sizes());
  EXPECT_LE(largest_difference(actual, to_aten(expected)), tolerance);
}

TEST(TorchOps, AttendAsTheCpu) {
  at::manual_seed(1);
  struct Case {
    std::int64_t batch, queries, keys, width, heads;
    bool causal;
  };
  for (const Case& c :
       {Case{1, 1, 1, 1, 1, false}, Case{2, 5, 7, 24, 3, false}, Case{2, 10, 10, 128, 2, true},
        Case{3, 1, 130, 200, 1, false}, Case{1, 40, 40, 64, 8, true}}) {
    const at::Tensor q = at::randn({c.batch, c.queries, c.width});
    const at::Tensor kv = at::randn({c.batch, c.keys, 2 * c.width});  // slices of one projection
    const at::Tensor k = kv.narrow(2, 0, c.width);
    const at::Tensor v = kv.narrow(2, c.width, c.width);
    expect_same(Torch::attention(q, k, v, c.heads, c.causal),
                Cpu::attention(from_aten(q), from_aten(k), from_aten(v), c.heads, c.causal), 5e-6);
  }
}

TEST(TorchOps, UnfoldAndPoolAsTheCpu) {
  at::manual_seed(2);
  const at::Tensor pixels = at::randn({2, 3, 24, 24});
  for (const std::int64_t side : {1, 4, 24})
    expect_same(Torch::patches(pixels, side), Cpu::patches(from_aten(pixels), side), 0);
  for (const auto& shape : {Shape{2, 12, 12, 20}, {1, 7, 5, 3}, {1, 2, 2, 4}}) {
    const at::Tensor x = at::randn(shape);
    for (const std::int64_t step : {1, 2}) {
      expect_same(Torch::neighbourhoods(x, step, 1), Cpu::neighbourhoods(from_aten(x), step, 1), 0);
      expect_same(Torch::average_pool(x, step), Cpu::average_pool(from_aten(x), step), 1e-6);
    }
  }
}

TEST(TorchOps, ConvolveDepthwiseAsTheCpu) {
  at::manual_seed(4);
  for (const auto& [side, stride] : {std::pair(3, 1), {3, 2}, {5, 1}, {5, 2}}) {
    for (const auto& shape : {Shape{2, 12, 12, 20}, {1, 7, 5, 3}, {1, 1, 2, 4}}) {
      const at::Tensor x = at::randn(shape) * 3;
      const Tensor weight = from_aten(at::randn({shape[3], side * side}));
      const Tensor bias = from_aten(at::randn({shape[3]}));
      const DepthwiseConvolution<at::Tensor> torch(weight, bias, stride, {});
      const DepthwiseConvolution<Tensor> cpu(weight, bias, stride, {});
      expect_same(torch(x, Activation::relu6), cpu(from_aten(x), Activation::relu6), 1e-5);
    }
  }
  const at::Tensor x = at::randn({1, 8, 8, 4});
  expect_same(Torch::neighbourhoods(x, 2, 0), Cpu::neighbourhoods(from_aten(x), 2, 0), 0);
}

TEST(TorchOps, MixClassesAsTheCpu) {
  at::manual_seed(5);
  const at::Tensor whole = at::randn({3, 100}) * 3;
  const at::Tensor cells = at::randn({3, 9, 100}) * 3;
  for (const float least : {0.0F, 0.05F, 1.0F}) {
    const ClassMix mix = {.whole_share = 0.6F, .least_root = least};
    expect_same(Torch::class_mix(whole, cells, mix), Cpu::class_mix(from_aten(whole), from_aten(cells), mix),
                1e-6);
  }
}

TEST(TorchOps, PutTogetherAsTheCpu) {
  at::manual_seed(3);
  const at::Tensor rest = at::randn({3, 9, 12});
  const at::Tensor positions = at::randn({10, 12});
  for (const std::int64_t images : {1, 3}) {
    const at::Tensor first = at::randn({images, 1, 12});
    expect_same(Torch::with_positions(first, rest, positions),
                Cpu::with_positions(from_aten(first), from_aten(rest), from_aten(positions)), 0);
  }
  const std::vector<at::Tensor> parts{rest, at::randn({3, 2, 12})};
  EXPECT_TRUE(at::equal(Torch::concatenate(parts, 1), at::cat(parts, 1)));
  const at::Tensor embeddings = at::randn({4, 30}) * 7;
  expect_same(Torch::normalised(embeddings), Cpu::normalised(from_aten(embeddings)), 1e-6);
}

}  // namespace
}  // namespace caption
