#include "gpt2/position_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace caption {
namespace {

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
