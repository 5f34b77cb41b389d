#include "measure/stage_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "caption/error.h"

namespace caption {
namespace {

constexpr auto kInFp32 = static_cast<std::size_t>(Arithmetic::fp32);
constexpr auto kBf16 = static_cast<std::size_t>(Arithmetic::bf16);
constexpr auto kInt8 = static_cast<std::size_t>(Arithmetic::int8);

const StageCost& of(const Round& round, Stage stage) {
  return round[static_cast<std::size_t>(stage)];
}

/// What a stage does for so long.
void spend(int ms, std::int64_t operations) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  count_work(Arithmetic::bf16, operations, 10 * operations);
}

/// A round in which a stage took so many seconds, and all others none.
Round round_of(Stage stage, double seconds, const Work& work = {}) {
  Round round{};
  round[static_cast<std::size_t>(stage)] = {seconds, work};
  return round;
}

TEST(StageClock, AnInnerStageIsNotChargedToTheOuterOne) {
  StageClock clock;
  spend(20, 1);  // before any stage
  {
    const StageClock::Turn search(clock, Stage::search);
    spend(1, 2);
    for (int i = 0; i < 2; ++i) {
      const StageClock::Turn step(clock, Stage::step);
      spend(30, 4);
    }
    spend(1, 8);
  }
  spend(20, 16);
  const Round& round = clock.round();
  EXPECT_EQ(of(round, Stage::search).work.operations[kBf16], 10);
  EXPECT_EQ(of(round, Stage::step).work.operations[kBf16], 8);
  EXPECT_EQ(of(round, Stage::step).work.bytes, 80);
  EXPECT_GE(of(round, Stage::search).seconds, 0.002);
  EXPECT_GE(of(round, Stage::step).seconds, 0.06);
  EXPECT_EQ(of(round, Stage::encode).seconds, 0);
  EXPECT_EQ(of(round, Stage::encode).work.operations[kBf16], 0);
}

TEST(StageClock, AnExceptionEndsATurn) {
  StageClock clock;
  try {
    const StageClock::Turn turn(clock, Stage::decode);
    throw Error(ErrorKind::corrupt, "the image ends early");
  } catch (const Error&) {
  }
  count_work(Arithmetic::fp32, 5, 5);
  { const StageClock::Turn turn(clock, Stage::write); }
  EXPECT_EQ(of(clock.round(), Stage::decode).work.operations[kInFp32], 0);
  EXPECT_GT(of(clock.round(), Stage::decode).seconds, 0);
}

TEST(Spread, IsTheMiddleAndTheEnds) {
  const auto expect = [](std::vector<double> values, const Spread& expected) {
    const Spread found = spread(std::move(values));
    EXPECT_EQ(found.median, expected.median);
    EXPECT_EQ(found.min, expected.min);
    EXPECT_EQ(found.max, expected.max);
  };
  expect({4}, {4, 4, 4});
  expect({9, 1, 2}, {2, 1, 9});
  expect({9, 1, 2, 4}, {3, 1, 9});
  EXPECT_THROW(spread({}), Error);
}

TEST(Summary, IsPerImageAndByRound) {
  std::vector<Round> rounds = {round_of(Stage::encode, 0.4), round_of(Stage::encode, 0.2),
                               round_of(Stage::encode, 0.6)};
  // Another order: the sum's median is not that of its parts.
  rounds[0][static_cast<std::size_t>(Stage::step)].seconds = 0.8;
  rounds[2][static_cast<std::size_t>(Stage::decode)].seconds = 1.0;
  BenchmarkReport report;
  summarise(rounds, 2, std::nullopt, report);
  ASSERT_EQ(report.stages.size(), kStageNames.size());
  EXPECT_EQ(report.stages[2].name, "encode");
  EXPECT_DOUBLE_EQ(report.stages[2].ms_per_image.median, 200);
  EXPECT_DOUBLE_EQ(report.stages[2].ms_per_image.min, 100);
  EXPECT_DOUBLE_EQ(report.stages[2].ms_per_image.max, 300);
  EXPECT_DOUBLE_EQ(report.stages[5].ms_per_image.median, 0);
  EXPECT_DOUBLE_EQ(report.caption_ms_per_image.median, 300);
  EXPECT_DOUBLE_EQ(report.caption_ms_per_image.max, 600);
  EXPECT_DOUBLE_EQ(report.ms_per_image.median, 600);
  EXPECT_DOUBLE_EQ(report.ms_per_image.max, 800);
  EXPECT_FALSE(report.peaks.has_value());
  for (const StageReport& stage : report.stages) EXPECT_FALSE(stage.work.has_value());
}

TEST(Summary, SharesOfThePeaks) {
  Work work{4'000'000'000, {}};
  work.operations[kBf16] = 6'000'000'000;
  work.operations[kInt8] = 8'000'000'000;
  MachinePeaks peaks{8e9, {0, 1e11, 4e11}};
  BenchmarkReport report;
  summarise({round_of(Stage::map, 0.5, work)}, 2, peaks, report);
  const StageWork& map = report.stages[3].work.value();
  EXPECT_DOUBLE_EQ(map.bytes, 2e9);
  EXPECT_DOUBLE_EQ(map.flops, 7e9);
  EXPECT_DOUBLE_EQ(map.gb_per_s, 8);
  EXPECT_DOUBLE_EQ(map.gflop_per_s, 28);
  EXPECT_DOUBLE_EQ(map.share_of_memory.value(), 1);
  EXPECT_DOUBLE_EQ(map.share_of_arithmetic.value(), (0.06 + 0.02) / 0.5);
  EXPECT_DOUBLE_EQ(report.peaks->gb_per_s, 8);
  EXPECT_DOUBLE_EQ(report.peaks->int8_gflop_per_s, 400);
  EXPECT_DOUBLE_EQ(report.peaks->fp32_gflop_per_s, 0);

  // Of a type whose peak is not known, there is no share.
  work.operations[kInFp32] = 1;
  summarise({round_of(Stage::map, 0.5, work)}, 2, peaks, report);
  EXPECT_TRUE(report.stages[3].work->share_of_memory.has_value());
  EXPECT_FALSE(report.stages[3].work->share_of_arithmetic.has_value());
}

}  // namespace
}  // namespace caption
