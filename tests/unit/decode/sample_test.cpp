#include "decode/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "table_model.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

DecodeOptions samples(int n_best, int max_tokens) {
  DecodeOptions options;
  options.sample = true;
  options.beam = 1;
  options.n_best = n_best;
  options.max_tokens = max_tokens;
  return options;
}

/// How often each token is drawn first.
std::map<std::int32_t, double> shares(TableModel& model, DecodeOptions options) {
  std::map<std::int32_t, double> counts;
  constexpr int kSeeds = 20;
  for (options.seed = 0; options.seed < kSeeds; ++options.seed) {
    const auto drawn = search(model, {0}, options);
    for (const Hypothesis& first : drawn[0]) counts[first.tokens[0]] += 1.0 / kSeeds / options.n_best;
  }
  return counts;
}

TableModel random_model(std::size_t images, std::size_t vocabulary) {
  std::mt19937 generator(5);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(images * 3 * vocabulary * vocabulary);
  for (float& value : values) value = normal(generator);
  return {images, 3, vocabulary, values};
}

TEST(SplitMix64, IsTheSameEverywhere) {
  SplitMix64 random(0, 0);
  EXPECT_DOUBLE_EQ(random.next(), 0.33805245419550545);
  EXPECT_DOUBLE_EQ(random.next(), 0.2691302712263999);
  EXPECT_NE(SplitMix64(0, 1).next(), SplitMix64(0, 0).next());
  EXPECT_NE(SplitMix64(1, 0).next(), SplitMix64(0, 0).next());
  EXPECT_NE(SplitMix64(1, 0).next(), SplitMix64(0, 1).next());
}

TEST(SplitMix64, IsUniform) {
  int below[10] = {};
  for (std::uint64_t number = 0; number < 100; ++number) {
    SplitMix64 random(17, number);
    for (int i = 0; i < 100; ++i) {
      const double x = random.next();
      ASSERT_TRUE(x >= 0 && x < 1);
      ++below[static_cast<int>(x * 10)];
    }
  }
  for (const int count : below) EXPECT_NEAR(count, 1000, 120);
}

TEST(Sample, DrawsByProbability) {
  auto model = constant_model({{std::log(0.1F), std::log(0.2F), std::log(0.3F), std::log(0.4F)}});
  const auto share = shares(model, samples(1000, 1));
  EXPECT_NEAR(share.at(0), 0.1, 0.01);
  EXPECT_NEAR(share.at(1), 0.2, 0.012);
  EXPECT_NEAR(share.at(2), 0.3, 0.014);
  EXPECT_NEAR(share.at(3), 0.4, 0.015);
}

TEST(Sample, TemperatureSharpens) {
  auto model = constant_model({{std::log(0.25F), std::log(0.75F)}});
  DecodeOptions options = samples(1000, 1);
  options.temperature = 0.5;  // squares the odds: 1 : 9
  EXPECT_NEAR(shares(model, options).at(1), 0.9, 0.01);
  EXPECT_NEAR(search(model, {0}, options)[0][0].score, std::log(0.9), 1e-6);
}

TEST(Sample, TopKKeepsTheLikeliestAndEqualOnesByLowerId) {
  auto model = constant_model({{std::log(0.2F), std::log(0.2F), std::log(0.4F), std::log(0.2F)}});
  DecodeOptions options = samples(1000, 1);
  options.top_k = 2;
  const auto share = shares(model, options);
  EXPECT_EQ(share.size(), 2U);
  EXPECT_NEAR(share.at(2), 2.0 / 3, 0.015);
  EXPECT_NEAR(share.at(0), 1.0 / 3, 0.015);
  options.top_k = 100;
  EXPECT_EQ(shares(model, options).size(), 4U);
}

TEST(Sample, TopPKeepsTheSmallestSetThatReachesIt) {
  auto model = constant_model({{std::log(0.1F), std::log(0.2F), std::log(0.3F), std::log(0.4F)}});
  const auto kept = [&](double top_p, int top_k) {
    DecodeOptions options = samples(1000, 1);
    options.top_p = top_p;
    options.top_k = top_k;
    std::set<std::int32_t> tokens;
    for (const auto& [token, share] : shares(model, options)) tokens.insert(token);
    return tokens;
  };
  using Tokens = std::set<std::int32_t>;
  EXPECT_EQ(kept(1e-6, 0), (Tokens{3}));  // at least one
  EXPECT_EQ(kept(0.39, 0), (Tokens{3}));
  EXPECT_EQ(kept(0.41, 0), (Tokens{2, 3}));
  EXPECT_EQ(kept(0.71, 0), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept(1, 0), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(0.56, 2), (Tokens{3}));  // of what top-k kept, token 3 has 4/7
  EXPECT_EQ(kept(0.58, 2), (Tokens{2, 3}));
}

TEST(Sample, ScoresAreThoseOfTheWholeDistribution) {
  auto model = constant_model({{std::log(0.1F), std::log(0.5F), std::log(0.4F)}});
  DecodeOptions options = samples(1, 3);
  options.top_k = 1;
  const auto drawn = search(model, {0}, options)[0][0];
  EXPECT_EQ(drawn.tokens, (Ids{1, 1, 1}));
  EXPECT_NEAR(drawn.score, 3 * std::log(0.5), 1e-6);
}

TEST(Sample, NeverDrawsWhatCannotCome) {
  auto model = constant_model({{-INFINITY, 0, -INFINITY, -200, 0}});
  for (const auto& [token, share] : shares(model, samples(1000, 1)))
    EXPECT_TRUE(token == 1 || token == 4) << share;
}

TEST(Sample, StopsAtTheStopTokenOrTheMaximum) {
  auto model = random_model(2, 6);
  for (const auto& image : search(model, {0}, samples(200, 9))) {
    for (const Hypothesis& drawn : image) {
      ASSERT_LE(drawn.tokens.size(), 9U);
      const auto stop = std::find(drawn.tokens.begin(), drawn.tokens.end(), 0);
      EXPECT_TRUE(stop == drawn.tokens.end() ? drawn.tokens.size() == 9 : stop + 1 == drawn.tokens.end());
    }
  }
}

TEST(Sample, IsSortedByMeanLogProbability) {
  auto model = random_model(1, 6);
  const auto drawn = search(model, {0}, samples(50, 9))[0];
  ASSERT_EQ(drawn.size(), 50U);
  for (std::size_t i = 1; i < drawn.size(); ++i) {
    EXPECT_GE(drawn[i - 1].score / static_cast<double>(drawn[i - 1].tokens.size()),
              drawn[i].score / static_cast<double>(drawn[i].tokens.size()));
  }
}

TEST(Sample, DependsOnTheSeedAndNotOnTheBatch) {
  auto model = random_model(5, 8);
  DecodeOptions options = samples(4, 12);
  options.seed = 99;
  options.top_p = 0.9;
  const auto together = search(model, {0}, options);
  EXPECT_EQ(search(model, {0}, options), together);
  for (std::size_t image = 0; image < together.size(); ++image) {
    TableModel alone = model.only(image);
    EXPECT_EQ(search(alone, {0}, options)[0], together[image]);
  }
  options.seed = 100;
  EXPECT_NE(search(model, {0}, options), together);
}

}  // namespace
}  // namespace caption
