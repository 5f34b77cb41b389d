#include "train/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace caption {
namespace {

TEST(RateSchedule, RisesAndFallsToNothing) {
  const RateSchedule linear{.highest = 8, .warmup = 4, .updates = 12, .decay = Decay::linear};
  EXPECT_DOUBLE_EQ(linear.at(1), 2);
  EXPECT_DOUBLE_EQ(linear.at(4), 8);
  EXPECT_DOUBLE_EQ(linear.at(8), 4);
  EXPECT_DOUBLE_EQ(linear.at(12), 0);
  RateSchedule cosine = linear;
  cosine.decay = Decay::cosine;
  EXPECT_DOUBLE_EQ(cosine.at(4), 8);
  EXPECT_DOUBLE_EQ(cosine.at(6), 4 * (1 + std::sqrt(0.5)));
  EXPECT_NEAR(cosine.at(12), 0, 1e-12);
  RateSchedule constant = linear;
  constant.decay = Decay::constant;
  EXPECT_DOUBLE_EQ(constant.at(12), 8);
  constant.warmup = 0;
  EXPECT_DOUBLE_EQ(constant.at(1), 8);
}

std::vector<std::size_t> epoch_of(BatchOrder& order, std::int64_t epoch) {
  std::vector<std::size_t> all;
  for (std::int64_t i = 1; i <= order.updates_per_epoch(); ++i) {
    const std::vector<std::size_t> batch = order.batch(epoch * order.updates_per_epoch() + i);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

TEST(BatchOrder, AnEpochHasEachExampleOnce) {
  BatchOrder order(23, 5, 7);
  EXPECT_EQ(order.updates_per_epoch(), 5);
  EXPECT_EQ(order.batch(5).size(), 3U);
  const std::vector<std::size_t> first = epoch_of(order, 0);
  const std::vector<std::size_t> second = epoch_of(order, 1);
  EXPECT_NE(first, second);
  std::vector<std::size_t> sorted = second;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::size_t> expected(23);
  std::iota(expected.begin(), expected.end(), std::size_t{0});
  EXPECT_EQ(sorted, expected);
}

/// Wherever it begins.
TEST(BatchOrder, DependsOnTheSeedAndThePlaceAlone) {
  BatchOrder order(23, 5, 7);
  BatchOrder later(23, 5, 7);
  BatchOrder other(23, 5, 8);
  epoch_of(order, 0);
  EXPECT_EQ(order.batch(8), later.batch(8));
  EXPECT_NE(order.batch(8), other.batch(8));
}

}  // namespace
}  // namespace caption
