#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <set>
#include <thread>
#include <vector>

namespace caption {
namespace {

class Parallel : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_threads(GetParam()); }
  void TearDown() override { set_threads(0); }
};

TEST_P(Parallel, CoversEveryIndexOnce) {
  EXPECT_EQ(threads(), GetParam());
  for (const std::size_t count : {0UL, 1UL, 2UL, 3UL, 7UL, 64UL, 1000UL}) {
    std::vector<int> visits(count, 0);
    parallel_for(count, [&](std::size_t begin, std::size_t end) {
      for (; begin < end; ++begin) ++visits[begin];
    });
    EXPECT_EQ(visits, std::vector<int>(count, 1));
  }
}

TEST_P(Parallel, ManyJobsInARowAndAfterASleep) {
  std::vector<long> sums(50, 0);
  for (int job = 0; job < 300; ++job) {
    if (job % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    parallel_for(sums.size(), [&](std::size_t begin, std::size_t end) {
      for (; begin < end; ++begin) sums[begin] += job;
    });
  }
  EXPECT_EQ(sums, std::vector<long>(50, 299L * 300 / 2));
}

TEST_P(Parallel, SeveralCallersTakeTurns) {
  std::atomic<long> total = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int job = 0; job < 50; ++job) {
        parallel_for(10,
                     [&](std::size_t begin, std::size_t end) { total += static_cast<long>(end - begin); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 3 * 50 * 10);
}

TEST_P(Parallel, NestedCallRunsOnItsOwnThread) {
  std::atomic<int> inner = 0;
  parallel_for(8, [&](std::size_t begin, std::size_t end) {
    const std::thread::id here = std::this_thread::get_id();
    for (; begin < end; ++begin) {
      parallel_for(5, [&](std::size_t from, std::size_t to) {
        if (std::this_thread::get_id() == here) inner += static_cast<int>(to - from);
      });
    }
  });
  EXPECT_EQ(inner, 40);
}

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, testing::Values(1, 2, 5));

TEST(ParallelThreads, UsesThemAll) {
  set_threads(2);
  std::atomic<int> arrived = 0;
  // Each of the two chunks waits for the other, so two threads must be there.
  parallel_for(2, [&](std::size_t, std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
  set_threads(0);
}

TEST(ParallelThreads, DefaultIsTheAvailableCores) {
  set_threads(0);
  EXPECT_GE(available_cores(), 1);
  EXPECT_EQ(threads(), available_cores());
}

}  // namespace
}  // namespace caption
