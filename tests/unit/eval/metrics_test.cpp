#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace caption::eval {
namespace {

Metrics of(const std::vector<Captions>& pictures, std::size_t which) {
  return metrics(measure(pictures, {})[which]);
}

constexpr std::size_t kBleu1 = 0;
constexpr std::size_t kBleu2 = 1;
constexpr std::size_t kMeteor = 4;
constexpr std::size_t kRouge = 5;
constexpr std::size_t kCider = 6;

const Captions kOther = {"a red bus", {"a red bus on a road"}};

TEST(Metrics, BleuCountsWordsThatAReferenceHasAsOften) {
  const Metrics values = of({{"the the cat", {"the cat sat", "a cat"}}, kOther}, 0);
  EXPECT_NEAR(values[kBleu1], 2.0 / 3, 1e-6);  // "the" once, "cat" once
  EXPECT_NEAR(values[kBleu2], std::sqrt(2.0 / 3 * 1 / 2), 1e-6);
}

TEST(Metrics, BleuOfShortCaptionsIsLowByTheClosestReferencesLength) {
  EXPECT_NEAR(of({{"cat", {"cat sat", "cat sat on a mat"}}, kOther}, 0)[kBleu1], std::exp(1 - 2.0), 1e-6);
  // Of two that are equally close, the shorter one.
  EXPECT_NEAR(of({{"the cat", {"the", "the cat sat"}}, kOther}, 0)[kBleu1], 1, 1e-6);
}

TEST(Metrics, RougeTakesTheBestPrecisionAndTheBestRecall) {
  const double precision = 2.0 / 3;
  const double recall = 2.0 / 2;
  const double expected = (1 + 1.44) * precision * recall / (recall + 1.44 * precision);
  EXPECT_NEAR(of({{"a big cat", {"a cat", "a dog sat there"}}, kOther}, 0)[kRouge], expected, 1e-12);
}

TEST(Metrics, TheSameWordsHaveTheHighestValues) {
  const Metrics values = of({{"two cats on one mat", {"Two cats on one mat."}}, kOther}, 0);
  for (const std::size_t metric : {kBleu1, kMeteor, kRouge}) EXPECT_NEAR(values[metric], 1, 1e-6) << metric;
  EXPECT_NEAR(values[kCider], 10, 1e-9);
  EXPECT_NEAR(values[kCiderD], 10, 1e-9);
}

TEST(Metrics, CiderDClipsRepeatedWordsAndCiderDoesNot) {
  const std::vector<Captions> pictures = {{"cat cat cat cat", {"cat"}}, kOther};
  const Metrics values = of(pictures, 0);
  EXPECT_NEAR(values[kCider], 2.5, 1e-9);  // only single words match, and they point the same way
  EXPECT_NEAR(values[kCiderD], 2.5 / 4 * std::exp(-9.0 / 72), 1e-9);
}

TEST(Metrics, WordsThatAllPicturesHaveDoNotCountForCider) {
  EXPECT_EQ(of({{"a", {"a"}}, {"a", {"a"}}}, 0)[kCiderD], 0);
  EXPECT_EQ(of({{"a cat", {"a cat"}}}, 0)[kCiderD], 0);  // a single picture
  MetricOptions options;
  options.corpus = {{"a dog"}, {"a bus"}, {"a cat"}};
  EXPECT_GT(metrics(measure(std::vector<Captions>{{"a cat", {"a cat"}}}, options)[0])[kCiderD], 0);
}

TEST(Metrics, CaptionsWithoutWordsHaveNothingButZeros) {
  for (const std::string text : {"", "  \n ", "...", "!"}) {
    for (const double value : of({{text, {"a cat", ""}}, kOther}, 0)) EXPECT_EQ(value, 0) << text;
    for (const double value : of({{text, {"", "."}}, kOther}, 0)) EXPECT_EQ(value, 0) << text;
  }
}

TEST(Metrics, MeteorMatchesStemsForLess) {
  const double same = of({{"dogs run", {"dogs run"}}, kOther}, 0)[kMeteor];
  const double stems = of({{"dog running", {"dogs run"}}, kOther}, 0)[kMeteor];
  const double none = of({{"cats sit", {"dogs run"}}, kOther}, 0)[kMeteor];
  EXPECT_NEAR(same, 1, 1e-12);
  EXPECT_NEAR(stems, 0.6, 1e-12);  // one chunk, which is all of it: no penalty
  EXPECT_EQ(none, 0);
}

TEST(Metrics, AllTogetherAddUpCountsForBleuAndMeteorAndAreMeansOtherwise) {
  const std::vector<Measured> pictures =
      measure(std::vector<Captions>{{"a cat", {"a cat"}}, {"x y z", {"a dog here"}}}, {});
  const Metrics all = metrics(sum(pictures));
  EXPECT_NEAR(all[kBleu1], 2.0 / 5, 1e-6);
  EXPECT_NEAR(all[kRouge], 0.5, 1e-12);
  EXPECT_EQ(metrics(sum({})), Metrics{});
}

}  // namespace
}  // namespace caption::eval
