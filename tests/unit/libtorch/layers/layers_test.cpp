#include "libtorch/layers/layers.h"

#include <gtest/gtest.h>

#include <utility>

#include "aten.h"
#include "caption/error.h"
#include "libtorch/layers/convert.h"

namespace caption {
namespace {

const std::pair<DType, double> kTypes[] = {{DType::fp32, 1e-5}, {DType::fp16, 2e-2}, {DType::bf16, 1e-1}};

TorchCompute in_type(DType type) {
  return {.device = at::kCPU, .weights = type};
}

TEST(TorchTensors, ViewsKeepTheirMemory) {
  at::Tensor view;
  {
    const Tensor tensor = Tensor::of({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    view = view_of(tensor.t());
    EXPECT_EQ(view.const_data_ptr(), tensor.bytes());
  }
  EXPECT_TRUE(at::equal(view, at::tensor({1.0F, 4.0F, 2.0F, 5.0F, 3.0F, 6.0F}).view({3, 2})));
  EXPECT_TRUE(upload(from_aten(view), at::kCPU, DType::fp16).is_contiguous());
  EXPECT_FALSE(view_of({}).defined());
  EXPECT_FALSE(upload({}, at::kCPU, DType::fp32).defined());
}

TEST(TorchTensors, AreFetchedAsTheyAre) {
  const at::Tensor x = at::randn({3, 4}).t();
  EXPECT_TRUE(at::equal(to_aten(fetch(x)), x));
  EXPECT_THROW(fetch(x.to(at::kHalf)), Error);
}

TEST(TorchLinear, MultipliesInTheWeightsType) {
  at::manual_seed(1);
  const at::Tensor weight = at::randn({40, 30}) * 0.2;
  const at::Tensor bias = at::randn({40});
  const at::Tensor x = at::randn({2, 5, 30});
  const at::Tensor expected = at::matmul(x, weight.t()) + bias;
  for (const auto& [type, tolerance] : kTypes) {
    const Linear<at::Tensor> linear(from_aten(weight), from_aten(bias), in_type(type));
    EXPECT_EQ(linear.in(), 30);
    EXPECT_EQ(linear.out(), 40);
    const at::Tensor y = linear(x);
    EXPECT_EQ(y.scalar_type(), scalar_type(type));
    EXPECT_LT(largest_difference(y.to(at::kFloat), expected), tolerance);
    EXPECT_LT(largest_difference(linear(x, Activation::relu).to(at::kFloat), at::relu(expected)), tolerance);
    const at::Tensor before = at::randn({2, 5, 40});
    at::Tensor sum = before.clone();
    linear.add_to(sum, x, Activation::relu);
    EXPECT_EQ(sum.scalar_type(), at::kFloat);
    EXPECT_LT(largest_difference(sum, at::relu(before + expected)), tolerance);
  }
}

TEST(TorchLinear, TakesDerivedMatrices) {
  const at::Tensor weight = at::randn({4, 3});
  const Linear<at::Tensor> linear(
      DerivedMatrix{"a test's", {}, 4, 3, [&] { return std::pair(from_aten(weight), Tensor()); }},
      TorchCompute{});
  const at::Tensor x = at::randn({2, 3});
  EXPECT_LT(largest_difference(linear(x), at::matmul(x, weight.t())), 1e-6);
}

TEST(TorchLinear, RefusesWhatDoesNotFit) {
  const Tensor weight = from_aten(at::randn({4, 3}));
  const Linear<at::Tensor> linear(weight, {}, in_type(DType::fp16));
  EXPECT_THROW(linear(at::zeros({2, 4})), Error);
  EXPECT_THROW(linear(at::zeros({2, 3}, at::kBFloat16)), Error);
  at::Tensor sum = at::zeros({2, 5});
  EXPECT_THROW(linear.add_to(sum, at::zeros({2, 3})), Error);
  EXPECT_THROW(Linear<at::Tensor>(weight, {}, in_type(DType::int8)), Error);
}

TEST(TorchLayerNorm, IsInSinglePrecision) {
  const at::Tensor weight = at::randn({20});
  const at::Tensor bias = at::randn({20});
  const LayerNorm<at::Tensor> norm(from_aten(weight), from_aten(bias), in_type(DType::bf16));
  const at::Tensor x = at::randn({3, 20});
  EXPECT_TRUE(at::equal(norm(x), at::layer_norm(x, {20}, weight, bias, 1e-5)));
  const LayerNorm<at::Tensor> finer(from_aten(weight), from_aten(bias), in_type(DType::bf16), 1e-6);
  EXPECT_TRUE(at::equal(finer(x), at::layer_norm(x, {20}, weight, bias, 1e-6)));
  EXPECT_THROW(norm(at::zeros({3, 21})), Error);
}

TEST(TorchEmbedding, SharesItsTableWithTheOutputLayer) {
  at::manual_seed(2);
  const at::Tensor table = at::randn({50, 8});
  const at::Tensor positions = at::randn({6, 8});
  const TokenEmbedding<at::Tensor> embedding(from_aten(table), from_aten(positions), in_type(DType::fp32));
  const std::vector<std::int32_t> tokens{49, 0, 7};
  const std::vector<std::int64_t> places{0, 5, 2};
  const at::Tensor expected =
      at::stack({table[49] + positions[0], table[0] + positions[5], table[7] + positions[2]});
  EXPECT_TRUE(at::equal(embedding(tokens, places), expected));
  EXPECT_TRUE(at::equal(embedding(at::tensor({49, 0, 7}), at::tensor({0, 5, 2})), expected));
  const at::Tensor prefixes = at::randn({2, 4, 8});
  EXPECT_TRUE(
      at::equal(embedding.of_prefixes(prefixes), (prefixes + positions.narrow(0, 0, 4)).view({8, 8})));
  const at::Tensor x = at::randn({3, 8});
  EXPECT_LT(largest_difference(embedding.output_layer(embedding.vocabulary(), {}).in_fp32(x),
                               at::matmul(x, table.t())),
            1e-5);
}

}  // namespace
}  // namespace caption
