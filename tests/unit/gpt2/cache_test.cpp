#include "gpt2/cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "gpt2/position_store.h"

namespace caption {
namespace {

struct Pass {
  std::vector<std::int32_t> parents;
  Joining joining;
};

TEST(Cache, SharedAndGatheredAgree) {
  at::manual_seed(6);
  const CacheShape shape{2, 3};
  const std::int64_t width = shape.heads * 64;
  const auto shared = make_shared_cache(shape);
  const auto gathered = make_gathered_cache(shape, at::kCPU);
  // Rows multiply, change places and end; prefixes join at the start, in between and after all have left.
  const std::vector<Pass> passes = {
      {{}, {2, 7}}, {{1, 0, 0, 1, 1}, {}}, {{4, 0, 2}, {3, 4}}, {{2, 2, 5, 0, 4, 0}, {}}, {{5, 2}, {1, 1}},
      {{2}, {}},    {{}, {2, 3}},          {{0, 1, 1}, {}}};
  for (const Pass& pass : passes) {
    shared->begin_pass(pass.parents, pass.joining);
    gathered->begin_pass(pass.parents, pass.joining);
    const auto rows = static_cast<std::int64_t>(pass.parents.size());
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
      const at::Tensor qkv = at::randn({rows + pass.joining.prefixes * pass.joining.positions, 3 * width});
      const at::Tensor one = shared->attend(layer, qkv);
      const at::Tensor other = gathered->attend(layer, qkv);
      ASSERT_EQ(one.sizes(), other.sizes());
      EXPECT_LT((one - other).abs().max().item<double>(), 3e-6);
    }
  }
}

TEST(PositionStore, UsesWhatIsFreeAgain) {
  PositionStore store(3);
  std::vector<std::vector<std::int32_t>> rows(2);
  for (int i = 0; i < 20; ++i) {
    rows[0].push_back(store.take());
    store.at(rows[0].back())[2] = static_cast<float>(i);
  }
  rows[1] = rows[0];
  for (int i = 0; i < 30; ++i) rows[1].push_back(store.take());
  const std::int64_t capacity = store.capacity();
  EXPECT_LT(capacity, 50 + 32);
  for (int pass = 0; pass < 100; ++pass) {
    rows.resize(1);
    store.keep_only(rows);
    rows.emplace_back();
    for (int i = 0; i < 30; ++i) rows[1].push_back(store.take());
  }
  EXPECT_EQ(store.capacity(), capacity);
  for (int i = 0; i < 20; ++i) {
    const std::int32_t place = rows[0][static_cast<std::size_t>(i)];
    EXPECT_EQ(store.at(place)[2], static_cast<float>(i));
    EXPECT_EQ(std::count(rows[1].begin(), rows[1].end(), place), 0);
  }
}

}  // namespace
}  // namespace caption
