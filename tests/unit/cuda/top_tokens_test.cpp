#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "caption/error.h"
#include "cuda/device_array.h"
#include "cuda/half.h"
#include "decode/next_token.h"
#include "orders.h"

namespace caption::cuda {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr int kChunk = 2048;  // logits of a block

struct Result {
  std::vector<std::int32_t> tokens;
  std::vector<float> log_probabilities;
  std::vector<std::int32_t> status;
};

template <typename T>
Result run(const std::vector<T>& logits, Type type, int rows, int count, float temperature = 1,
           Order order = Order::ascending) {
  const Kernels& kernels = cpu_kernels(order);
  const int vocabulary = static_cast<int>(logits.size()) / rows;
  const auto size = static_cast<std::size_t>(rows * count);
  const DeviceArray<T> in(kernels, logits);
  const DeviceArray<std::int32_t> tokens(kernels, size);
  const DeviceArray<float> log_probabilities(kernels, size);
  const DeviceArray<std::int32_t> status(kernels, static_cast<std::size_t>(rows));
  const DeviceArray<std::byte> scratch(kernels, top_tokens_scratch(rows, vocabulary, count));
  TopTokens request{in.data(), type, rows, vocabulary, count, temperature};
  request.tokens = tokens.data();
  request.log_probabilities = log_probabilities.data();
  request.status = status.data();
  request.scratch = scratch.data();
  kernels.top_tokens(request, nullptr);
  return {tokens.values(), log_probabilities.values(), status.values()};
}

Result run(const std::vector<float>& logits, int rows, int count, float temperature = 1,
           Order order = Order::ascending) {
  return run(logits, Type::fp32, rows, count, temperature, order);
}

/// What `row` of a result is beside NextToken's.
void expect_next_token(const Result& result, int row, int count, std::span<const float> logits,
                       double temperature = 1) {
  NextToken next(temperature);
  next.load(logits);
  std::vector<Candidate> candidates;
  next.top_k(static_cast<std::size_t>(count), candidates);
  EXPECT_EQ(result.status[static_cast<std::size_t>(row)], kRowIsFine);
  for (int k = 0; k < count; ++k) {
    const auto place = static_cast<std::size_t>(row * count + k);
    if (static_cast<std::size_t>(k) >= candidates.size()) {
      EXPECT_EQ(result.tokens[place], -1);
      EXPECT_EQ(result.log_probabilities[place], -kInfinity);
      continue;
    }
    const Candidate& expected = candidates[static_cast<std::size_t>(k)];
    EXPECT_EQ(result.tokens[place], expected.token) << "row " << row << " place " << k;
    if (std::isinf(expected.log_probability)) {  // so far below the largest that the difference overflows
      EXPECT_EQ(result.log_probabilities[place], expected.log_probability);
      continue;
    }
    const float tolerance = 2e-6F * std::max(1.0F, std::abs(expected.log_probability));
    EXPECT_NEAR(result.log_probabilities[place], expected.log_probability, tolerance);
  }
}

std::vector<float> random_logits(std::size_t count, float spread, bool ties, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(-30, spread);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = ties ? std::round(normal(generator)) : normal(generator);
  return logits;
}

TEST(TopTokens, AreThoseOfNextToken) {
  for (const int vocabulary : {1, 2, 31, 32, 33, 127, 128, 129, 255, 257, kChunk - 1, kChunk, kChunk + 1,
                               2 * kChunk, 128 * kChunk + 1, 50257}) {
    for (const bool ties : {false, true}) {
      const auto logits = random_logits(static_cast<std::size_t>(vocabulary), 4, ties, 5);
      for (const int count : {1, 2, 5, kMostTopTokens}) {
        SCOPED_TRACE(testing::Message() << vocabulary << " tokens, " << count << (ties ? " with ties" : ""));
        expect_next_token(run(logits, 1, count), 0, count, logits);
      }
    }
  }
}

TEST(TopTokens, OfManyRowsAreThoseOfEach) {
  constexpr int kRows = 7;
  constexpr std::size_t kVocabulary = 4099;
  const auto logits = random_logits(kRows * kVocabulary, 3, true, 6);
  const Result result = run(logits, kRows, 5);
  for (int row = 0; row < kRows; ++row) {
    expect_next_token(result, row, 5,
                      std::span(logits).subspan(static_cast<std::size_t>(row) * kVocabulary, kVocabulary));
  }
}

TEST(TopTokens, HaveNoRaces) {
  const auto logits = random_logits(3 * 5000, 3, true, 7);
  const Result first = run(logits, 3, 32);
  for (const Order order : kOrders) {
    const Result result = run(logits, 3, 32, 1, order);
    EXPECT_EQ(result.tokens, first.tokens);
    EXPECT_EQ(result.log_probabilities, first.log_probabilities);
    EXPECT_EQ(result.status, first.status);
  }
}

TEST(TopTokens, OfEqualLogitsAreTheLowest) {
  const std::vector<float> logits(50257, 1.5F);
  const Result result = run(logits, 1, 32);
  for (int k = 0; k < 32; ++k) EXPECT_EQ(result.tokens[static_cast<std::size_t>(k)], k);
  expect_next_token(result, 0, 32, logits);
}

TEST(TopTokens, DivideByTheTemperatureFirst) {
  const auto logits = random_logits(50257, 4, false, 8);
  for (const float temperature : {0.001F, 0.7F, 3.0F, 1000.0F}) {
    expect_next_token(run(logits, 1, 5, temperature), 0, 5, logits, static_cast<double>(temperature));
  }
}

TEST(TopTokens, OfHalvesAreThoseOfTheSameNumbers) {
  const at::Tensor halves = at::randn({3, 50257}).mul(5).to(at::kHalf);
  const at::Tensor floats = halves.to(at::kFloat);
  const auto* bits = static_cast<const Half*>(halves.const_data_ptr());
  const Result result = run(std::vector<Half>(bits, bits + halves.numel()), Type::fp16, 3, 5);
  for (int row = 0; row < 3; ++row) {
    expect_next_token(result, row, 5, std::span(floats.const_data_ptr<float>() + row * 50257, 50257));
  }
}

TEST(TopTokens, MayBeFarApart) {
  std::vector<float> logits(50257, -3e38F);
  logits[49999] = 3e38F;
  expect_next_token(run(logits, 1, 5), 0, 5, logits);
  // Whole chunks that add nothing beside others.
  const auto spread = random_logits(50257, 60, false, 9);
  expect_next_token(run(spread, 1, 5), 0, 5, spread);
}

TEST(TopTokens, LeaveOutWhatCannotCome) {
  std::vector<float> logits(50257, -kInfinity);
  for (const std::size_t token : {3U, 2047U, 2048U, 50256U}) logits[token] = 1;
  expect_next_token(run(logits, 1, 4), 0, 4, logits);
  expect_next_token(run(logits, 1, 7), 0, 7, logits);
}

TEST(TopTokens, NameTheFirstLogitThatIsNoNumber) {
  for (const std::size_t place : {0U, 1U, 127U, 128U, 2047U, 2048U, 50256U}) {
    for (const float bad : {kNan, kInfinity}) {
      std::vector<float> logits(2 * 50257, 1.5F);
      logits[50257 + place] = bad;
      logits[2 * 50257 - 1] = kNan;
      const Result result = run(logits, 2, 5);
      EXPECT_EQ(result.status[0], kRowIsFine);
      EXPECT_EQ(result.status[1], static_cast<std::int32_t>(place));
    }
  }
  EXPECT_EQ(run(std::vector<float>(3000, -kInfinity), 1, 5).status[0], kNoTokenCanCome);
}

TEST(TopTokens, RefuseRequestsThatMakeNoSense) {
  const std::vector<float> logits(8, 1);
  EXPECT_THROW(run(logits, 1, 0), Error);
  EXPECT_THROW(run(logits, 1, kMostTopTokens + 1), Error);
  EXPECT_THROW(run(logits, 1, 1, 0), Error);
  EXPECT_THROW(cpu_kernels().top_tokens({logits.data(), Type::fp32, 1, 8, 1}, nullptr), Error);
}

}  // namespace
}  // namespace caption::cuda
