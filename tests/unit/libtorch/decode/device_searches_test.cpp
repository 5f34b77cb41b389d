// The search by tensors against the reference's goldens and against the CPU's search.

#include "libtorch/decode/device_searches.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "../../decode/beam_goldens.h"
#include "caption/error.h"
#include "search_by_tensors.h"

namespace caption {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(DeviceSearches, EqualTheReference) {
  for (Case& golden : read_cases()) {
    for (const Expected& expected : golden.expected) {
      DecodeOptions options = golden.options;
      options.beam = options.n_best = expected.beam;
      for (const std::size_t slots : {std::size_t{2}, golden.model.images() + 1}) {
        SCOPED_TRACE(golden.name + ", beam " + std::to_string(expected.beam) + ", slots " +
                     std::to_string(slots));
        expect_equal(search_by_tensors(golden.model, golden.stop, options, slots), expected.images);
      }
    }
  }
}

/// Tables in which nearly every choice is between equal values, and in which tokens cannot come. One token
/// has all of the probability that fp32 knows, so that log-probabilities are whole numbers and all sums are
/// exact.
TEST(DeviceSearches, EqualTheCpusWhereValuesAreEqual) {
  std::mt19937 random(7);
  for (int round = 0; round < 100; ++round) {
    const std::size_t vocabulary = 2 + random() % 6;
    std::vector<float> values(3 * 4 * vocabulary * vocabulary);
    for (float& value : values)
      value = random() % 4 == 0 ? -kInfinity : -200.0F - static_cast<float>(random() % 2);
    for (std::size_t row = 0; row < values.size(); row += vocabulary) values[row + random() % vocabulary] = 0;
    TableModel model(3, 4, vocabulary, values);
    DecodeOptions options{.beam = static_cast<int>(1 + random() % 7),
                          .max_tokens = static_cast<int>(1 + random() % 9)};
    options.n_best = static_cast<int>(1 + random() % static_cast<unsigned>(options.beam));
    options.length_penalty = random() % 2 == 0 ? 1.0 : 0.5;
    const StopRule stop{random() % 4 == 0 ? std::nullopt : std::optional<std::int32_t>(0)};
    SCOPED_TRACE("round " + std::to_string(round));
    expect_equal(search_by_tensors(model, stop, options, 2), search(model, stop, options));
  }
}

TEST(DeviceSearches, EqualLogitsGoToTheLowerToken) {
  for (const int beam : {1, 2, 4}) {
    auto model = constant_model({{-1, 0, -0.0F, 0, -1, 0}});
    const DecodeOptions options{.beam = beam, .n_best = beam, .max_tokens = 1};
    expect_equal(search_by_tensors(model, {std::nullopt}, options, 1),
                 search(model, {std::nullopt}, options));
  }
}

TEST(DeviceSearches, EqualTheCpusForAnyOptions) {
  std::mt19937 random(8);
  std::normal_distribution<float> normal(0, 2);
  for (int round = 0; round < 60; ++round) {
    DecodeOptions options{.beam = static_cast<int>(1 + random() % 8),
                          .max_tokens = static_cast<int>(1 + random() % 40)};
    const std::size_t vocabulary = 3 + random() % 12;
    const auto positions = static_cast<std::size_t>(options.max_tokens);
    // Every position has its own table, lest the same values are added in two orders.
    std::vector<float> values(4 * positions * vocabulary * vocabulary);
    for (float& value : values) value = normal(random);
    TableModel model(4, positions, vocabulary, values);
    options.n_best = static_cast<int>(1 + random() % static_cast<unsigned>(options.beam));
    options.temperature = random() % 2 == 0 ? 1.0 : 0.7;
    options.length_penalty = 0.25 * static_cast<double>(random() % 8);
    const StopRule stop{static_cast<std::int32_t>(random() % vocabulary)};
    SCOPED_TRACE("round " + std::to_string(round));
    expect_equal(search_by_tensors(model, stop, options, 1 + random() % 4), search(model, stop, options));
  }
}

TEST(DeviceSearches, AnImageThatHasEndedStaysAsItIs) {
  // Image 0 stops at once, image 1 never: the beams of image 0 go through all of its passes.
  auto model = constant_model({{0, -200, -210}, {-300, 0, -200}});
  const DecodeOptions options{.beam = 2, .n_best = 2, .max_tokens = 30};
  expect_equal(search_by_tensors(model, {0}, options, 2), search(model, {0}, options));
}

TEST(DeviceSearches, PassesComeInFewKinds) {
  auto table = constant_model({{0, 5, 4}});
  const DecodeOptions options{.beam = 2, .max_tokens = 40};
  TableSlots model(table, 3, options);
  std::vector<std::int64_t> keys;
  DeviceTask task({0}, options, 3, at::kCPU);
  task.run = [&](std::int64_t key, const std::function<void()>& step) {
    keys.push_back(key);
    step();
  };
  DeviceSearches searches(model, task);
  searches.advance(1);
  while (searches.running() > 0) searches.advance(0);
  EXPECT_EQ(keys.size(), 39U);
  EXPECT_EQ(keys, model.asked);
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(keys[i], i < 16 ? 16 : i < 32 ? 32 : 40) << i;
}

TEST(DeviceSearches, DamagedLogitsAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, kInfinity}) {
    for (const int beam : {1, 3}) {
      auto model = constant_model({{1, 2, 3}, {1, bad, 3}});
      const DecodeOptions options{.beam = beam, .max_tokens = 4};
      EXPECT_THROW(search_by_tensors(model, {0}, options, 2), Error) << bad << " beam " << beam;
    }
  }
  auto nothing = constant_model({{-kInfinity, -kInfinity}});
  EXPECT_THROW(search_by_tensors(nothing, {0}, {.beam = 1, .max_tokens = 4}, 1), Error);
}

TEST(DeviceSearches, MistakesAreRefused) {
  auto table = constant_model({{1, 2, 3}});
  const DecodeOptions options{.beam = 2, .max_tokens = 4};
  TableSlots model(table, 1, options);
  const auto kind = [](const auto& make) {
    try {
      make();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::not_found;
  };
  const auto task = [](const DecodeOptions& wrong) { return DeviceTask({0}, wrong, 1, at::kCPU); };
  EXPECT_EQ(kind([&] { task({.beam = 0, .max_tokens = 4}); }), ErrorKind::usage);
  EXPECT_EQ(kind([&] { task({.beam = 2}); }), ErrorKind::usage);
  EXPECT_EQ(kind([&] { task({.max_tokens = 4, .sample = true}); }), ErrorKind::internal);
  EXPECT_EQ(kind([&] { task({.max_tokens = 4, .required = {"cat"}}); }), ErrorKind::internal);
  EXPECT_EQ(kind([&] { task({.max_tokens = 4, .beam_groups = 5}); }), ErrorKind::internal);
  EXPECT_EQ(kind([&] { task({.max_tokens = 4, .stop = {"a"}}); }), ErrorKind::internal);
  EXPECT_EQ(kind([&] { DeviceSearches(model, {{3}, options, 1, at::kCPU}); }), ErrorKind::model);
  DeviceSearches searches(model, {{0}, options, 1, at::kCPU});
  EXPECT_THROW(searches.advance(2), Error);
}

}  // namespace
}  // namespace caption
