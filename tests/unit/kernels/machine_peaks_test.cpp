#include "kernels/machine_peaks.h"

#include <gtest/gtest.h>

#include "kernels/kernels.h"

namespace caption {
namespace {

TEST(MachinePeaks, AreThereWhereTheProcessorHasALoopForThem) {
  const MachinePeaks peaks = measure_peaks();
  EXPECT_GT(peaks.bytes_per_second, 0);
  const bool vectors = kernels::find(kernels::InstructionSet::avx2) != nullptr;
  for (const double rate : peaks.operations_per_second) EXPECT_EQ(rate > 0, vectors);
}

TEST(MachinePeaks, BestSecondsRunsAtLeastThreeTimes) {
  int runs = 0;
  EXPECT_GE(best_seconds([&] { ++runs; }, 0), 0);
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace caption
