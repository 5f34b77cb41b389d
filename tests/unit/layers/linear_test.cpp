#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "caption/error.h"
#include "instruction_sets.h"
#include "on_aten.h"

namespace caption {
namespace {

const std::vector<Activation> kActivations = {Activation::none,      Activation::relu, Activation::relu6,
                                              Activation::tanh,      Activation::gelu, Activation::gelu_tanh,
                                              Activation::quick_gelu};

at::Tensor reference(Activation activation, const at::Tensor& y) {
  switch (activation) {
    case Activation::none:
      return y;
    case Activation::relu:
      return at::relu(y);
    case Activation::relu6:
      return at::clamp(y, 0, 6);
    case Activation::tanh:
      return at::tanh(y);
    case Activation::gelu:
      return at::gelu(y);
    case Activation::gelu_tanh:
      return at::gelu(y, "tanh");
    case Activation::quick_gelu:
      return y * at::sigmoid(1.702 * y);
  }
  return y;
}

/// Rounding error that a sum of `in` products of normal numbers may have.
double tolerance(std::int64_t in) {
  return 4e-7 * static_cast<double>(in) + 1e-6;
}

struct Size {
  std::int64_t out, in;
};

TEST(Linear, EqualsATenForAllShapes) {
  at::manual_seed(1);
  for (const Size size : {Size{1, 1}, {1, 7}, {63, 1}, {64, 64}, {65, 3}, {130, 129}, {200, 300}, {7, 513}}) {
    const at::Tensor weight = at::randn({size.out, size.in});
    const at::Tensor bias = at::randn({size.out});
    const CpuLinear linear(weight, bias, {});
    const CpuLinear without_bias(weight, {}, {});
    EXPECT_EQ(linear.out(), size.out);
    EXPECT_EQ(linear.in(), size.in);
    for (std::int64_t rows = 0; rows <= 70; rows += rows < 14 ? 1 : 7) {
      const at::Tensor x = at::randn({rows, size.in});
      const at::Tensor expected = at::linear(x, weight, bias);
      ASSERT_EQ(linear(x).sizes(), expected.sizes());
      if (rows == 0) continue;
      EXPECT_LT(largest_difference(linear(x), expected), tolerance(size.in))
          << size.out << "x" << size.in << " " << rows;
      EXPECT_LT(largest_difference(without_bias(x), at::linear(x, weight)), tolerance(size.in));
    }
  }
}

TEST(Linear, VocabularySizedAndManyDimensions) {
  const at::Tensor weight = at::randn({50257, 16});
  const at::Tensor x = at::randn({2, 3, 16});
  const at::Tensor y = CpuLinear(weight, {}, {})(x);
  EXPECT_EQ(y.sizes(), (Shape{2, 3, 50257}));
  EXPECT_LT(largest_difference(y, at::linear(x, weight)), tolerance(16));
}

TEST(Linear, TakesEveryTypeAndTransposedViews) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor stored = at::randn({37, 150}).to(type);  // Conv1D: [in, out]
    const at::Tensor bias = at::randn({150}).to(type);
    const at::Tensor x = at::randn({9, 37});
    const at::Tensor expected = at::linear(x, stored.t().to(at::kFloat), bias.to(at::kFloat));
    EXPECT_LT(largest_difference(CpuLinear(stored.t(), bias, {})(x), expected), tolerance(37));
    EXPECT_LT(largest_difference(CpuLinear(stored.t().contiguous(), bias, {})(x), expected), tolerance(37));
    EXPECT_LT(largest_difference(
                  CpuLinear(at::randn({150, 74}).to(type).slice(1, 0, 74, 2).copy_(stored.t()), bias, {})(x),
                  expected),
              tolerance(37));
  }
}

TEST(Linear, KeepsUnusualHalves) {
  const at::Tensor weight =
      at::tensor({0.0F, -0.0F, 6e-8F, -3e-5F, 65504.0F, 1.0F, -2.5F, 6.1e-5F}).to(at::kHalf).reshape({8, 1});
  const at::Tensor x = at::ones({1, 1});
  for (const auto set : instruction_sets()) {
    const Using used(set);
    EXPECT_TRUE(at::equal(CpuLinear(weight, {}, {})(x), weight.to(at::kFloat).t()));
  }
}

TEST(Linear, SameBitsForAnyRowsThreadsAndInstructionSet) {
  at::manual_seed(2);
  const at::Tensor weight = at::randn({201, 261});
  const at::Tensor bias = at::randn({201});
  const at::Tensor x = at::randn({61, 261});
  const CpuLinear linear(weight, bias, {});
  for (const Activation activation : kActivations) {
    at::Tensor expected;
    {
      const Using used(kernels::InstructionSet::portable);
      expected = linear(x, activation);
    }
    for (const auto set : instruction_sets()) {
      for (const int thread_count : {1, 3}) {
        const Using used(set, thread_count);
        const CpuLinear packed_here(weight, bias, {});
        EXPECT_TRUE(same_bits(packed_here(x, activation), expected));
        for (const std::int64_t rows : {1, 2, 5, 6, 7, 13, 49}) {
          EXPECT_TRUE(same_bits(linear(x.slice(0, 3, 3 + rows), activation), expected.slice(0, 3, 3 + rows)))
              << static_cast<int>(set) << " threads " << thread_count << " rows " << rows;
        }
      }
    }
  }
}

TEST(Linear, ActivationsEqualLibTorch) {
  const at::Tensor x =
      at::cat({at::linspace(-12, 12, 100001), at::linspace(-120, 120, 1001), at::zeros({1})});
  const CpuLinear identity(at::ones({1, 1}), {}, {});
  for (const Activation activation : kActivations) {
    const at::Tensor y = identity(x.unsqueeze(1), activation).squeeze(1);
    const at::Tensor expected = reference(activation, x);
    EXPECT_LT(((y - expected).abs() / expected.abs().clamp_min(1)).max().item<double>(), 1.5e-6)
        << static_cast<int>(activation);
  }
}

TEST(Linear, InfinityAndNaNPassThrough) {
  const float inf = std::numeric_limits<float>::infinity();
  const at::Tensor x = at::tensor({inf, std::numeric_limits<float>::quiet_NaN()}).unsqueeze(1);
  for (const auto set : instruction_sets()) {
    const Using used(set);
    for (const Activation activation : kActivations) {
      const at::Tensor y = CpuLinear(at::ones({1, 1}), {}, {})(x, activation);
      const float limit = activation == Activation::tanh    ? 1.0F
                          : activation == Activation::relu6 ? 6.0F
                                                            : inf;
      EXPECT_EQ(y[0].item<float>(), limit) << static_cast<int>(activation);
      EXPECT_TRUE(std::isnan(y[1].item<float>())) << static_cast<int>(activation);
    }
  }
}

TEST(Linear, AddsToAResidualStream) {
  const at::Tensor weight = at::randn({70, 33});
  const at::Tensor bias = at::randn({70});
  const at::Tensor x = at::randn({2, 4, 33});
  const at::Tensor before = at::randn({2, 4, 70});
  for (const auto set : instruction_sets()) {
    const Using used(set);
    const CpuLinear linear(weight, bias, {});
    at::Tensor sum = before.clone();
    linear.add_to(sum, x);
    EXPECT_TRUE(same_bits(sum, before + linear(x)));
  }
}

TEST(Linear, RefusesWhatDoesNotFit) {
  const CpuLinear linear(at::randn({3, 4}), {}, {});
  EXPECT_THROW(linear(at::randn({2, 5})), Error);
  EXPECT_THROW(linear(at::randn({2, 4}, at::kDouble)), Error);
  at::Tensor sum = at::zeros({2, 4});
  EXPECT_THROW(linear.add_to(sum, at::randn({2, 4})), Error);
  EXPECT_THROW(CpuLinear(at::ones({3, 4}, at::kLong), {}, {}), Error);
  EXPECT_THROW(CpuLinear(at::randn({3, 4}), {}, {DType::fp16}), Error);
}

TEST(Linear, TakeNamesTheTensor) {
  Tensors tensors("model.pt", "clip.", {{"fc.weight", Tensor::empty({3, 4})}});
  try {
    take_linear<Tensor>(tensors, "fc", 3, 5, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_NE(std::string(error.what()).find("'clip.fc.weight': expected shape [3, 5], found [3, 4]"),
              std::string::npos);
  }
  EXPECT_THROW(take_linear<Tensor>(tensors, "fc", 3, 4, {}), Error);  // no bias
  EXPECT_EQ(take_linear_without_bias<Tensor>(tensors, "fc", 3, 4, {}).out(), 3);
}

}  // namespace
}  // namespace caption
