#include "decode/next_token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include "caption/error.h"
#include "decode/exponential.h"

namespace caption {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<float> random_logits(std::size_t count, float spread, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(-30, spread);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = normal(generator);
  return logits;
}

long double exact_sum(const std::vector<float>& logits, float peak) {
  long double sum = 0;
  for (const float logit : logits)
    sum += std::exp(static_cast<long double>(logit) - static_cast<long double>(peak));
  return sum;
}

TEST(Exponentials, AreAccurateOverTheirRange) {
  for (float x = 0; x > -87; x -= 0.0037F) {
    float result = 0;
    exponentials(&x, 1, 0, &result);
    const double exact = std::exp(static_cast<double>(x));
    EXPECT_NEAR(static_cast<double>(result), exact, 5e-7 * exact) << x;
  }
  const float far[] = {-87.5F, -1e4F, -3e38F, -kInfinity};
  float results[4] = {1, 1, 1, 1};
  exponentials(far, 4, 0, results);
  for (const float result : results) EXPECT_EQ(result, 0);
}

TEST(Exponentials, SumWithinOneMillionth) {
  for (const std::size_t count : {1U, 3U, 15U, 16U, 17U, 255U, 256U, 257U, 1000U, 50257U}) {
    for (const float spread : {0.0F, 0.1F, 2.0F, 10.0F, 60.0F}) {
      const auto logits = random_logits(count, spread, 7);
      const float peak = *std::max_element(logits.begin(), logits.end());
      const long double exact = exact_sum(logits, peak);
      EXPECT_NEAR(sum_of_exponentials(logits.data(), count, peak) / static_cast<double>(exact), 1.0, 1e-6)
          << count << " of spread " << spread;
    }
  }
}

TEST(NextToken, GivesTheLogarithmOfTheSoftmax) {
  const auto logits = random_logits(5000, 5, 3);
  const float peak = *std::max_element(logits.begin(), logits.end());
  const auto log_sum = static_cast<double>(std::log(exact_sum(logits, peak)));
  NextToken next(1);
  next.load(logits);
  for (const std::int32_t token : {0, 1, 255, 256, 4999}) {
    const double exact =
        static_cast<double>(logits[static_cast<std::size_t>(token)]) - static_cast<double>(peak) - log_sum;
    EXPECT_NEAR(static_cast<double>(next.log_probability(token)), exact, 3e-6);
  }
}

TEST(NextToken, DividesByTheTemperatureFirst) {
  NextToken next(2);
  const std::vector<float> logits = {2, 0};
  next.load(logits);
  EXPECT_NEAR(next.log_probability(0), -std::log(1 + std::exp(-1.0)), 1e-6);
}

TEST(NextToken, FindsTheLikeliestAsASortDoes) {
  for (const std::size_t vocabulary : {1U, 5U, 300U, 2000U}) {
    for (const bool ties : {false, true}) {
      auto logits = random_logits(vocabulary, 3, 11);
      if (ties) {
        for (float& logit : logits) logit = std::round(logit);
      }
      std::vector<std::int32_t> order(vocabulary);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
      });
      NextToken next(1);
      next.load(logits);
      for (const std::size_t count : {1U, 2U, 5U, 40U, 3000U}) {
        std::vector<Candidate> candidates;
        next.top_k(count, candidates);
        ASSERT_EQ(candidates.size(), std::min(count, vocabulary));
        for (std::size_t i = 0; i < candidates.size(); ++i) EXPECT_EQ(candidates[i].token, order[i]);
      }
    }
  }
}

TEST(NextToken, LeavesOutWhatCannotCome) {
  NextToken next(1);
  const std::vector<float> logits = {-kInfinity, 1, -kInfinity, 1};
  next.load(logits);
  std::vector<Candidate> candidates;
  next.top_k(3, candidates);
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].token, 1);
  EXPECT_EQ(candidates[1].token, 3);
  EXPECT_NEAR(candidates[0].log_probability, -std::log(2), 1e-6);
}

TEST(NextToken, AnExcludedTokenCannotComeAndChangesNoOther) {
  const std::vector<float> logits = {1, 4, -kInfinity, 3};
  NextToken next(1);
  std::vector<float> weights;
  next.load(logits);
  EXPECT_TRUE(next.weights(weights));
  const float of_all = next.log_probability(3);
  const std::vector<std::int32_t> excluded = {1};
  next.load(logits, excluded);
  EXPECT_EQ(next.log_probability(3), of_all);
  std::vector<Candidate> candidates;
  next.top_k(4, candidates);
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].token, 3);
  EXPECT_EQ(candidates[0].log_probability, of_all);
  EXPECT_EQ(candidates[1].token, 0);
  EXPECT_EQ(next.rank(3), 2U);
  EXPECT_TRUE(next.weights(weights));
  EXPECT_NEAR(weights[0], std::exp(-2.0F), 1e-6);
  EXPECT_EQ((std::vector<float>{weights.begin() + 1, weights.end()}), (std::vector<float>{0, 0, 1}));
  const std::vector<float> alone = {-kInfinity, 1};
  next.load(alone, excluded);
  next.top_k(2, candidates);
  EXPECT_TRUE(candidates.empty());
  EXPECT_FALSE(next.weights(weights));
}

TEST(NextToken, AnyTokensCanBeExcluded) {
  const std::vector<float> logits = {5, 1, 2, 4, 3};
  NextToken next(1);
  std::vector<float> weights;
  std::vector<Candidate> candidates;
  for (const std::vector<std::int32_t>& excluded :
       {std::vector<std::int32_t>{0}, {4}, {0, 4}, {0, 1, 2}, {1, 3}, {0, 1, 2, 3, 4}}) {
    next.load(logits, excluded);
    next.top_k(5, candidates);
    std::vector<float> left;
    for (const Candidate& candidate : candidates)
      left.push_back(logits[static_cast<std::size_t>(candidate.token)]);
    EXPECT_TRUE(std::is_sorted(left.rbegin(), left.rend()));
    EXPECT_EQ(left.size(), 5 - excluded.size());
    EXPECT_EQ(next.weights(weights), !left.empty());
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const bool out = std::binary_search(excluded.begin(), excluded.end(), static_cast<std::int32_t>(i));
      const float expected = out ? 0 : std::exp(logits[i] - left.at(0));
      EXPECT_NEAR(weights[i], expected, 1e-6) << i;
    }
  }
}

TEST(NextToken, RefusesLogitsThatAreNoNumbers) {
  const auto message = [](const std::vector<float>& logits) -> std::string {
    try {
      NextToken(1).load(logits);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      return error.what();
    }
    return "";
  };
  for (const std::size_t place : {0U, 7U, 16U, 299U}) {
    std::vector<float> logits(300, 1.5F);
    logits[place] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_NE(message(logits).find("gave nan as the logit of token " + std::to_string(place)),
              std::string::npos);
    logits[place] = kInfinity;
    EXPECT_NE(message(logits).find("gave inf as the logit of token " + std::to_string(place)),
              std::string::npos);
  }
  EXPECT_EQ(message({-kInfinity, -kInfinity}),
            "the language model gave minus infinity as the logit of every token");
}

}  // namespace
}  // namespace caption
