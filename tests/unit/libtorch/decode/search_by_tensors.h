#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "libtorch/decode/device_searches.h"
#include "table_slots.h"

namespace caption {

using Results = std::vector<std::vector<Hypothesis>>;

/// All images of the table, which join as soon as one of the slots is free.
inline Results search_by_tensors(const TableModel& table, const StopRule& stop, const DecodeOptions& options,
                                 std::size_t slots, const Wording& wording = {}) {
  TableSlots model(table, static_cast<std::int64_t>(slots), options);
  DeviceSearches searches(model, {stop, options, static_cast<std::int64_t>(slots), at::kCPU, wording});
  Results results(table.images());
  std::size_t waiting = table.images();
  std::size_t left = table.images();
  while (left > 0) {
    const std::size_t joining = std::min(waiting, slots - searches.running());
    waiting -= joining;
    for (Found& found : searches.advance(joining)) {
      results.at(found.image) = std::move(found.hypotheses);
      --left;
    }
  }
  EXPECT_TRUE(searches.advance(0).empty());
  return results;
}

/// The same tokens, and scores as near as two orders of summing are.
inline void expect_equal(const Results& actual, const Results& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t image = 0; image < actual.size(); ++image) {
    ASSERT_EQ(actual[image].size(), expected[image].size()) << "image " << image;
    for (std::size_t i = 0; i < actual[image].size(); ++i) {
      const Hypothesis& hypothesis = expected[image][i];
      EXPECT_EQ(actual[image][i].tokens, hypothesis.tokens) << "image " << image << " hypothesis " << i;
      EXPECT_NEAR(actual[image][i].score, hypothesis.score, 2e-6 * (1 - hypothesis.score));
    }
  }
}

}  // namespace caption
