// Linear layers with bf16 and int8 weights.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "caption/error.h"
#include "instruction_sets.h"
#include "on_aten.h"

namespace caption {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

const CpuCompute kBf16{DType::bf16};
const std::vector<CpuCompute> kInt8 = {{DType::int8, Activations::bits8}, {DType::int8, Activations::bits16}};
const std::vector<CpuCompute> kNarrow = {kBf16, kInt8[0], kInt8[1]};

struct Size {
  std::int64_t out, in;
};
const std::vector<Size> kSizes = {{1, 1},  {1, 7},    {63, 2},    {64, 3},   {65, 4},
                                  {66, 5}, {130, 64}, {201, 261}, {70, 1023}};

/// The same bits, or both a NaN.
bool same(const at::Tensor& a, const at::Tensor& b) {
  return same_bits(at::where(a.isnan(), at::zeros_like(a), a), at::where(b.isnan(), at::zeros_like(b), b)) &&
         at::equal(a.isnan(), b.isnan());
}

/// Random signs and bits, magnitudes spread evenly over 2^low ... 2^high.
at::Tensor wide_range(at::IntArrayRef shape, int low, int high) {
  return at::randn(shape).sign() * at::exp2(at::rand(shape) * (high - low) + low);
}

/// What counts as zero in bf16, and rounding as LibTorch does it.
at::Tensor rounded(const at::Tensor& x) {
  return at::where(x.abs() < std::exp2(-56.0), at::zeros_like(x), x).to(at::kBFloat16).to(at::kFloat);
}

/// The order in which AMX adds up, by Intel's manual: of each 32 inputs, the even and the odd ones have sums
/// of their own, which are then added to each other and to the rest.
float sum_by_tiles(const float* x, const float* w, std::int64_t count, float sum) {
  for (std::int64_t from = 0; from < count; from += 32) {
    float halves[2] = {};
    for (std::int64_t i = from; i < std::min(count, from + 32); ++i)
      halves[i % 2] = std::fma(x[i], w[i], halves[i % 2]);
    sum += halves[0] + halves[1];
  }
  return sum;
}

/// What a bf16 layer is to give with an instruction set: x [rows, in] -> [rows, out]
at::Tensor bf16_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       kernels::InstructionSet set) {
  const at::Tensor inputs = rounded(x);
  const at::Tensor weights = rounded(weight);
  if (set != kernels::InstructionSet::amx) return CpuLinear(weights, bias, {})(inputs);
  at::Tensor y = at::empty({x.size(0), weight.size(0)});
  for (std::int64_t r = 0; r < y.size(0); ++r) {
    for (std::int64_t n = 0; n < y.size(1); ++n) {
      y[r][n] = sum_by_tiles(inputs[r].const_data_ptr<float>(), weights[n].const_data_ptr<float>(), x.size(1),
                             bias[n].item<float>());
    }
  }
  return y;
}

TEST(Bf16Linear, EqualsFp32OnRoundedNumbersBitForBit) {
  at::manual_seed(1);
  for (const Size size : kSizes) {
    const at::Tensor weight = at::randn({size.out, size.in});
    const at::Tensor bias = at::randn({size.out});
    const at::Tensor x = at::randn({70, size.in});
    for (const auto set : instruction_sets()) {
      const Using used(set);
      const CpuLinear narrow(weight, bias, kBf16);
      const at::Tensor expected = bf16_linear(x, weight, bias, set);
      for (const std::int64_t rows : {1, 5, 6, 7, 16, 17, 32, 33, 70}) {
        EXPECT_TRUE(same_bits(narrow(x.slice(0, 0, rows)), expected.slice(0, 0, rows)))
            << size.out << "x" << size.in << " " << rows << " set " << static_cast<int>(set);
      }
    }
  }
}

/// Where an instruction for bf16 would flush denormals, and where sums overflow.
TEST(Bf16Linear, TinyAndHugeNumbersGiveTheSameBitsEverywhere) {
  at::manual_seed(2);
  for (const int span : {10, 60, 90, 126}) {
    const at::Tensor weight = wide_range({64, 33}, -span, span);
    const at::Tensor bias = wide_range({64}, -span, span);
    const at::Tensor x = wide_range({200, 33}, -span, span);
    const at::Tensor flushed = at::where(bias.abs() < std::exp2(-56.0), at::zeros_like(bias), bias);
    for (const auto set : instruction_sets()) {
      const Using used(set);
      const at::Tensor expected = bf16_linear(x, weight, flushed, set);
      EXPECT_TRUE(same(CpuLinear(weight, bias, kBf16)(x), expected))
          << static_cast<int>(set) << " 2^" << span;
    }
  }
}

TEST(Bf16Linear, InfinityAndNaNPassThrough) {
  const at::Tensor x = at::tensor({kInfinity, -kInfinity, kNaN, 3.4e38F}).unsqueeze(1);
  const at::Tensor expected = at::tensor({kInfinity, -kInfinity, kNaN, kInfinity}).unsqueeze(1);
  for (const auto set : instruction_sets()) {
    const Using used(set);
    EXPECT_TRUE(same(CpuLinear(at::ones({1, 1}), {}, kBf16)(x), expected));
  }
}

/// A row as whole numbers up to `levels` and the step between them, by the definition.
struct Whole {
  std::vector<std::int64_t> numbers;
  float step;
};

/// `largest` becomes `levels`.
Whole whole_numbers(const at::Tensor& row, float largest, float levels) {
  if (largest < 1e-30F) return {std::vector<std::int64_t>(static_cast<std::size_t>(row.size(0))), 0};
  Whole whole{{}, largest / levels};
  const double inverse = levels / largest;
  for (std::int64_t i = 0; i < row.size(0); ++i) {
    const double exact = row[i].item<double>() * inverse;  // 48 bits at most
    whole.numbers.push_back(static_cast<std::int64_t>(std::nearbyint(exact)));
  }
  return whole;
}

float largest_of(const at::Tensor& row) {
  return row.abs().max().item<float>();
}

/// Half the distance from the lowest to the highest of the row and 0.
float half_range_of(const at::Tensor& row) {
  return 0.5F * std::max(row.max().item<float>(), 0.0F) + 0.5F * std::max(-row.min().item<float>(), 0.0F);
}

float by_definition(const Whole& x, const Whole& w, bool bits16, float bias) {
  std::int64_t high = 0;
  std::int64_t low = 0;
  for (std::size_t i = 0; i < x.numbers.size(); ++i) {
    const std::int64_t upper = bits16 ? x.numbers[i] >> 8 : x.numbers[i];
    high += upper * w.numbers[i];
    low += (x.numbers[i] - 256 * upper) * w.numbers[i];
  }
  const float sum =
      bits16 ? std::fma(256.0F, static_cast<float>(high), static_cast<float>(low)) : static_cast<float>(high);
  return std::fma(sum * x.step, w.step, bias);
}

TEST(Int8Linear, EqualsIntegersByTheDefinition) {
  at::manual_seed(3);
  for (const Size size : kSizes) {
    at::Tensor weight = at::randn({size.out, size.in});
    weight[0].zero_();
    const at::Tensor bias = at::randn({size.out});
    at::Tensor x = wide_range({7, size.in}, -12, 12);
    x[5].abs_();  // of one sign only
    x[6].abs_().neg_();
    for (const CpuCompute& compute : kInt8) {
      const bool bits16 = compute.activations == Activations::bits16;
      const at::Tensor y = CpuLinear(weight, bias, compute)(x);
      for (std::int64_t n = 0; n < size.out; ++n) {
        const Whole w = whole_numbers(weight[n], largest_of(weight[n]), 127);
        for (std::int64_t r = 0; r < x.size(0); ++r) {
          const Whole row = bits16 ? whole_numbers(x[r], largest_of(x[r]), 32767)
                                   : whole_numbers(x[r], half_range_of(x[r]), 127);
          ASSERT_EQ(y[r][n].item<float>(), by_definition(row, w, bits16, bias[n].item<float>()))
              << size.out << "x" << size.in << " row " << r << " output " << n << " 16 bits: " << bits16;
        }
      }
    }
  }
}

TEST(NarrowLinear, SameBitsForAnyRowsThreadsAndInstructionSet) {
  at::manual_seed(4);
  const at::Tensor weight = at::randn({201, 261});
  const at::Tensor bias = at::randn({201});
  const at::Tensor x = at::randn({201, 261});
  for (const CpuCompute& compute : kNarrow) {
    const CpuLinear linear(weight, bias, compute);
    for (const auto set : instruction_sets()) {
      at::Tensor expected;
      {
        const bool own = compute.weights == DType::bf16 && set == kernels::InstructionSet::amx;
        const Using used(own ? set : kernels::InstructionSet::portable);
        expected = linear(x);
      }
      for (const int thread_count : {1, 2, 3}) {
        const Using used(set, thread_count);
        EXPECT_TRUE(same_bits(CpuLinear(weight, bias, compute)(x), expected)) << static_cast<int>(set);
        for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13, 16, 17, 31, 32, 33, 49, 80}) {
          EXPECT_TRUE(same_bits(linear(x.slice(0, 3, 3 + rows)), expected.slice(0, 3, 3 + rows)))
              << static_cast<int>(set) << " threads " << thread_count << " rows " << rows;
        }
      }
    }
  }
}

/// So many rows that they go through the panels in several groups.
TEST(NarrowLinear, ManyRowsHaveTheBitsOfEach) {
  at::manual_seed(6);
  const at::Tensor weight = at::randn({130, 1023});
  const at::Tensor x = at::randn({1201, 1023});
  std::vector<CpuCompute> all = kNarrow;
  all.emplace_back();
  for (const CpuCompute& compute : all) {
    const CpuLinear linear(weight, {}, compute);
    const at::Tensor y = linear(x);
    for (const std::int64_t row : {0, 1, 47, 48, 63, 64, 127, 128, 255, 256, 600, 1199, 1200})
      EXPECT_TRUE(same_bits(y.slice(0, row, row + 1), linear(x.slice(0, row, row + 1)))) << row;
  }
}

/// The largest sums that are allowed, of either sign: all numbers are the largest ones.
TEST(Int8Linear, TheLargestSumsAreExact) {
  constexpr std::int64_t kInputs = 32768;
  const at::Tensor weight = at::stack({at::ones({kInputs}), -at::ones({kInputs})});
  const at::Tensor x = at::stack({at::ones({kInputs}), -at::ones({kInputs})});
  const auto size = static_cast<float>(kInputs);
  const at::Tensor expected = at::tensor({size, -size, -size, size}).view({2, 2});
  for (const auto set : instruction_sets()) {
    const Using used(set);
    for (const CpuCompute& compute : kInt8) {
      const at::Tensor y = CpuLinear(weight, {}, compute)(x);
      EXPECT_LT((y / expected - 1).abs().max().item<double>(), 5e-7) << static_cast<int>(set);
    }
  }
  EXPECT_THROW(CpuLinear(at::ones({1, kInputs + 1}), {}, kInt8[0]), Error);
}

TEST(Int8Linear, UnusualRows) {
  const at::Tensor weight = at::randn({70, 33});
  const at::Tensor bias = at::randn({70});
  const at::Tensor normal = at::randn({33});
  at::Tensor with_infinity = normal.clone();
  with_infinity[32] = kInfinity;
  at::Tensor with_nan = normal.clone();
  with_nan[0] = kNaN;
  const at::Tensor x = at::stack({normal, at::zeros({33}), normal * 1e-38, with_infinity, with_nan,
                                  normal / normal.abs().max() * std::numeric_limits<float>::max(), normal});
  for (const auto set : instruction_sets()) {
    const Using used(set);
    for (const CpuCompute& compute : kInt8) {
      const CpuLinear linear(weight, bias, compute);
      const at::Tensor y = linear(x);
      EXPECT_TRUE(same_bits(y[0], linear(normal)));
      EXPECT_TRUE(at::equal(y[1], bias));
      EXPECT_TRUE(at::equal(y[2], bias));  // too small to count
      EXPECT_TRUE(y[3].isnan().all().item<bool>());
      EXPECT_TRUE(y[4].isnan().all().item<bool>());
      EXPECT_FALSE(y[5].isnan().any().item<bool>());
      EXPECT_GT(y[5].abs().min().item<double>(), 1e30);
      EXPECT_TRUE(same_bits(y[6], y[0]));
    }
  }
}

TEST(Int8Linear, UnusualWeights) {
  at::Tensor weight = at::randn({70, 33});
  weight[1].zero_();
  weight[2].mul_(1e-39);
  weight[3][5] = kNaN;
  weight[4][5] = -kInfinity;
  weight[5].mul_(1e37);
  const at::Tensor bias = at::randn({70});
  const at::Tensor x = at::randn({9, 33});
  const at::Tensor exact = at::linear(x, weight, bias);
  for (const auto set : instruction_sets()) {
    const Using used(set);
    for (const CpuCompute& compute : kInt8) {
      const at::Tensor y = CpuLinear(weight, bias, compute)(x).t().contiguous();  // [70, 9]
      EXPECT_TRUE(at::equal(y[1], bias[1].expand({9})));
      EXPECT_TRUE(at::equal(y[2], bias[2].expand({9})));
      EXPECT_TRUE(y[3].isnan().all().item<bool>());
      EXPECT_TRUE(y[4].isnan().all().item<bool>());
      const at::Tensor huge = exact.t()[5];
      EXPECT_LT(((y[5] - huge).abs().max() / huge.abs().max()).item<double>(), 0.05);
      EXPECT_LT((y.slice(0, 6) - exact.t().slice(0, 6)).abs().max().item<double>(), 0.6);
    }
  }
}

TEST(NarrowLinear, ErrorsAreOfTheirSize) {
  at::manual_seed(5);
  const at::Tensor weight = at::randn({128, 768});
  const at::Tensor x = at::randn({20, 768});
  const at::Tensor exact = at::linear(x, weight);
  const auto error = [&](const CpuCompute& compute) {
    return ((CpuLinear(weight, {}, compute)(x) - exact).pow(2).mean() / exact.pow(2).mean())
        .sqrt()
        .item<double>();
  };
  EXPECT_LT(error(kBf16), 0.003);
  EXPECT_LT(error(kInt8[0]), 0.012);
  EXPECT_LT(error(kInt8[1]), 0.009);
  EXPECT_GT(error(kInt8[0]), error(kInt8[1]));
}

TEST(NarrowLinear, AddsToAResidualStreamAndActivates) {
  const at::Tensor weight = at::randn({70, 33});
  const at::Tensor x = at::randn({2, 4, 33});
  const at::Tensor before = at::randn({2, 4, 70});
  for (const CpuCompute& compute : kNarrow) {
    const CpuLinear linear(weight, {}, compute);
    at::Tensor sum = before.clone();
    linear.add_to(sum, x);
    EXPECT_TRUE(same_bits(sum, before + linear(x)));
    EXPECT_TRUE(same_bits(linear(x, Activation::relu), at::relu(linear(x))));
    EXPECT_EQ(linear(at::empty({0, 33})).sizes(), (Shape{0, 70}));
  }
}

TEST(NarrowLinear, TakesEveryTypeAndTransposedViews) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor stored = at::randn({137, 150}).to(type);  // Conv1D: [in, out]
    const at::Tensor x = at::randn({9, 137});
    for (const CpuCompute& compute : kNarrow) {
      const at::Tensor expected = CpuLinear(stored.t().to(at::kFloat).contiguous(), {}, compute)(x);
      EXPECT_TRUE(same_bits(CpuLinear(stored.t(), {}, compute)(x), expected));
      EXPECT_TRUE(same_bits(CpuLinear(stored.t().contiguous(), {}, compute)(x), expected));
    }
  }
}

}  // namespace
}  // namespace caption
