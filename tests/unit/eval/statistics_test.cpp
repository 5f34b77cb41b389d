#include "eval/statistics.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace caption::eval {
namespace {

constexpr std::size_t kRougeAt = 5;

/// Pictures whose ROUGE-L alone differs.
std::vector<Measured> with_rouge(const std::vector<double>& values) {
  std::vector<Measured> pictures;
  for (const double value : values) {
    pictures.emplace_back();
    pictures.back().pictures = 1;
    pictures.back().rouge_l = value;
  }
  return pictures;
}

TEST(Bootstrap, AMeansIntervalIsThatOfItsStandardError) {
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(i % 2);
  const Interval interval = bootstrap(with_rouge(values), {.times = 2000})[kRougeAt];
  EXPECT_NEAR(interval.low, 0.5 - 1.96 * 0.025, 0.005);
  EXPECT_NEAR(interval.high, 0.5 + 1.96 * 0.025, 0.005);
}

TEST(Bootstrap, TheSeedDecides) {
  const std::vector<Measured> pictures = with_rouge({0, 0.1, 0.5, 0.7, 1});
  const auto low = [&](std::uint64_t seed) {
    return bootstrap(pictures, {.times = 100, .seed = seed})[kRougeAt].low;
  };
  EXPECT_EQ(low(1), low(1));
  EXPECT_NE(low(1), low(2));
}

TEST(Compare, TheSameCaptionsDifferInNothing) {
  const std::vector<Measured> pictures = with_rouge({0, 0.1, 0.5, 0.7, 1});
  const Difference difference = compare(pictures, pictures, {.times = 200})[kRougeAt];
  EXPECT_EQ(difference.value, 0);
  EXPECT_EQ(difference.p, 1);
  EXPECT_EQ(difference.better + difference.worse, 0U);
}

TEST(Compare, OfThreePicturesNoDifferenceIsSure) {
  // All three are better: by chance alone in 2 of 8 cases.
  const Difference difference =
      compare(with_rouge({0, 0, 0}), with_rouge({0.5, 0.5, 0.5}), {.times = 4000})[kRougeAt];
  EXPECT_NEAR(difference.p, 0.25, 0.03);
  EXPECT_EQ(difference.better, 3U);
  EXPECT_NEAR(difference.value, 0.5, 1e-12);
}

TEST(Compare, ManyPicturesMakeItSure) {
  const Difference difference = compare(with_rouge(std::vector<double>(100, 0.4)),
                                        with_rouge(std::vector<double>(100, 0.5)), {.times = 999})[kRougeAt];
  EXPECT_NEAR(difference.p, 0.001, 1e-12);
  EXPECT_NEAR(difference.interval.low, 0.1, 1e-9);
}

}  // namespace
}  // namespace caption::eval
