#include "gpt2/cache.h"

#include <gtest/gtest.h>

#include <vector>

namespace caption {
namespace {

TEST(Cache, SharedAndGatheredAgree) {
  at::manual_seed(6);
  const CacheShape shape{2, 3, 4};
  const std::int64_t width = shape.heads * 64;
  const auto shared = make_shared_cache(shape);
  const auto gathered = make_gathered_cache(shape);
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    const at::Tensor qkv = at::randn({2, 7, 3 * width});
    shared->keep_prefix(layer, qkv);
    gathered->keep_prefix(layer, qkv);
  }
  const std::vector<std::vector<std::int32_t>> parents = {
      {1, 0, 0, 1, 1}, {4, 0, 2}, {2, 2, 1, 0, 2, 0}, {5}};
  for (const auto& step : parents) {
    shared->begin_step(step);
    gathered->begin_step(step);
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
      const at::Tensor qkv = at::randn({static_cast<std::int64_t>(step.size()), 3 * width});
      const at::Tensor one = shared->attend(layer, qkv);
      const at::Tensor other = gathered->attend(layer, qkv);
      ASSERT_EQ(one.sizes(), other.sizes());
      EXPECT_LT((one - other).abs().max().item<double>(), 3e-6);
    }
  }
}

}  // namespace
}  // namespace caption
