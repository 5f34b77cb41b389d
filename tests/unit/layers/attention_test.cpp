#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "caption/error.h"
#include "instruction_sets.h"
#include "on_aten.h"

namespace caption {
namespace {

/// Attention spelled out, in double precision.
at::Tensor reference(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                     bool causal) {
  const auto split = [&](const at::Tensor& t) {
    return t.to(at::kDouble).reshape({t.size(0), t.size(1), heads, -1}).transpose(1, 2);
  };
  at::Tensor scores =
      at::matmul(split(q), split(k).transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(2) / heads));
  if (causal) {
    scores = scores.masked_fill(at::ones({q.size(1), q.size(1)}, at::kBool).triu(1), -INFINITY);
  }
  return at::matmul(at::softmax(scores, -1), split(v)).transpose(1, 2).reshape(q.sizes()).to(at::kFloat);
}

struct Case {
  std::int64_t batch, queries, keys, width, heads;
  bool causal;
};

const std::vector<Case> kCases = {
    {1, 1, 1, 1, 1, false},    {2, 5, 7, 24, 3, false},      {1, 50, 50, 128, 2, false},
    {2, 10, 10, 128, 2, true}, {1, 65, 65, 96, 1, true},     {3, 1, 130, 200, 1, false},
    {1, 40, 40, 64, 8, true},  {2, 197, 197, 128, 2, false}, {1, 3, 3, 70, 1, true}};

TEST(Attention, EqualsTheDefinition) {
  at::manual_seed(3);
  for (const Case& c : kCases) {
    const at::Tensor q = at::randn({c.batch, c.queries, c.width}) * 2;
    const at::Tensor k = at::randn({c.batch, c.keys, c.width}) * 2;
    const at::Tensor v = at::randn({c.batch, c.keys, c.width});
    const at::Tensor y = cpu_attention(q, k, v, c.heads, c.causal);
    EXPECT_LT(largest_difference(y, reference(q, k, v, c.heads, c.causal)), 2e-5)
        << c.queries << " " << c.keys;
  }
}

TEST(Attention, TakesSlicesOfAPackedProjection) {
  const at::Tensor packed = at::randn({2, 6, 3 * 32});
  const std::vector<at::Tensor> parts = packed.chunk(3, -1);
  const at::Tensor expected =
      cpu_attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous(), 2, false);
  EXPECT_TRUE(same_bits(cpu_attention(parts[0], parts[1], parts[2], 2, false), expected));
  const at::Tensor across = packed.transpose(1, 2).contiguous().transpose(1, 2);  // strided within a row
  const std::vector<at::Tensor> strided = across.chunk(3, -1);
  EXPECT_TRUE(same_bits(cpu_attention(strided[0], strided[1], strided[2], 2, false), expected));
}

TEST(Attention, SameBitsForAnyBatchThreadsAndInstructionSet) {
  for (const Case& c : kCases) {
    const at::Tensor q = at::randn({3, c.queries, c.width});
    const at::Tensor k = at::randn({3, c.keys, c.width});
    const at::Tensor v = at::randn({3, c.keys, c.width});
    at::Tensor expected;
    {
      const Using used(kernels::InstructionSet::portable);
      expected = cpu_attention(q, k, v, c.heads, c.causal);
    }
    for (const auto set : instruction_sets()) {
      for (const int thread_count : {1, 3}) {
        const Using used(set, thread_count);
        EXPECT_TRUE(same_bits(cpu_attention(q, k, v, c.heads, c.causal), expected));
        for (std::int64_t b = 0; b < 3; ++b) {
          const auto alone = [b](const at::Tensor& t) { return t.slice(0, b, b + 1); };
          EXPECT_TRUE(
              same_bits(cpu_attention(alone(q), alone(k), alone(v), c.heads, c.causal), alone(expected)));
        }
      }
    }
  }
}

TEST(Attention, RefusesWhatDoesNotFit) {
  const at::Tensor q = at::randn({1, 2, 6});
  EXPECT_THROW(cpu_attention(q, q, q, 4, false), Error);
  EXPECT_THROW(cpu_attention(q, at::randn({1, 3, 6}), at::randn({1, 3, 6}), 2, true), Error);
  EXPECT_THROW(cpu_attention(q, at::randn({2, 3, 6}), at::randn({2, 3, 6}), 2, false), Error);
}

TEST(Kernels, AttendEqualsTheDefinition) {
  const std::int64_t dim = 64;
  for (const std::int64_t count : {1, 2, 16, 17, 77}) {
    const at::Tensor q = at::randn({1, 1, dim});
    const at::Tensor k = at::randn({1, count, dim});
    const at::Tensor v = at::randn({1, count, dim});
    std::vector<const float*> keys;
    std::vector<const float*> values;
    for (std::int64_t t = 0; t < count; ++t) {
      keys.push_back(k.const_data_ptr<float>() + t * dim);
      values.push_back(v.const_data_ptr<float>() + t * dim);
    }
    at::Tensor first;
    for (const auto set : instruction_sets()) {
      at::Tensor y = at::empty({1, 1, dim});
      std::vector<float> scores(static_cast<std::size_t>(count) + 15);
      kernels::find(set)->attend(q.const_data_ptr<float>(), {keys.data(), values.data(), 0, count}, dim,
                                 0.125F, scores.data(), y.mutable_data_ptr<float>());
      EXPECT_LT(largest_difference(y, reference(q, k, v, 1, false)), 2e-6);
      if (!first.defined()) first = y;
      EXPECT_TRUE(same_bits(y, first));
    }
  }
}

TEST(LayerNorm, EqualsLibTorchWithTheSameBitsForAnyRowsThreadsAndInstructionSet) {
  for (const std::int64_t width : {1, 15, 64, 100, 768, 1600}) {
    const at::Tensor x = at::randn({60, width}) * 3 + 1;
    const at::Tensor weight = at::randn({width});
    const at::Tensor bias = at::randn({width});
    const CpuLayerNorm norm(weight.to(at::kHalf).to(at::kFloat), bias);
    at::Tensor expected;
    {
      const Using used(kernels::InstructionSet::portable);
      expected = norm(x);
    }
    const at::Tensor theirs = at::layer_norm(x, {width}, weight.to(at::kHalf).to(at::kFloat), bias, 1e-5);
    EXPECT_LT(largest_difference(expected, theirs), 1e-5) << width;
    for (const auto set : instruction_sets()) {
      for (const int thread_count : {1, 3}) {
        const Using used(set, thread_count);
        EXPECT_TRUE(same_bits(norm(x), expected)) << width;
        EXPECT_TRUE(same_bits(norm(x.slice(0, 7, 9)), expected.slice(0, 7, 9))) << width;
      }
    }
  }
}

TEST(LayerNorm, AddsItsEpsToTheVariance) {
  const at::Tensor x = at::randn({5, 48}) * 1e-3;  // whose variance is as small as eps
  const at::Tensor weight = at::randn({48});
  const at::Tensor bias = at::randn({48});
  const at::Tensor found = CpuLayerNorm(weight, bias, 1e-6)(x);
  EXPECT_LT(largest_difference(found, at::layer_norm(x, {48}, weight, bias, 1e-6)), 1e-5);
  EXPECT_GT(largest_difference(found, at::layer_norm(x, {48}, weight, bias, 1e-5)), 1e-1);
}

TEST(LayerNorm, RefusesWhatDoesNotFit) {
  const CpuLayerNorm norm(at::ones({4}), at::ones({4}));
  EXPECT_THROW(norm(at::ones({2, 5})), Error);
}

}  // namespace
}  // namespace caption
