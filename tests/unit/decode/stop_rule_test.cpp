// What ends a sequence: the stop token, not before min_tokens, and texts.

#include "decode/stop_rule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "caption/error.h"
#include "table_model.h"
#include "tiny_pieces.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

static_assert(!std::is_default_constructible_v<StopRule>, "what ends a caption is the model's to say");

/// After token t comes t + 1, nearly always; each position alike.
TableModel counting_model(std::size_t vocabulary) {
  std::vector<std::vector<float>> rows(vocabulary, std::vector<float>(vocabulary, 0));
  for (std::size_t token = 0; token < vocabulary; ++token) rows[token][(token + 1) % vocabulary] = 9;
  return one_image_model({rows});
}

Ids greedy(TableModel& model, const StopRule& stop, const DecodeOptions& options) {
  DecodeOptions one = options;
  one.beam = one.n_best = 1;
  return search(model, stop, one)[0][0].tokens;
}

TEST(StopRule, TextsEndASequenceInAllSearches) {
  auto model = counting_model(6);  // 1 2 3 4 5 0 1 ...
  const TokenBytes bytes = bytes_of({".", " a", " cat", " sat", " on", " it"});
  for (const bool sample : {false, true}) {
    DecodeOptions options{.beam = 1, .max_tokens = 12, .sample = sample, .top_k = 1};
    const auto with = [&](std::vector<std::string> texts) {
      options.stop = std::move(texts);
      return greedy(model, make_stop_rule({0}, options.stop, bytes), options);
    };
    EXPECT_EQ(with({}), (Ids{1, 2, 3, 4, 5, 0}));
    EXPECT_EQ(with({"t s"}), (Ids{1, 2, 3}));  // with the token that completes it, whole
    EXPECT_EQ(with({"it", "on"}), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(with({" a cat"}), (Ids{1, 2}));
    EXPECT_EQ(with({"dog"}), (Ids{1, 2, 3, 4, 5, 0}));
  }
}

TEST(StopRule, EachBeamHasItsOwnText) {
  // All that two letters can make of three tokens, in another order after each.
  const std::vector<float> first = {0.2F, 0, -kInfinity};
  const std::vector<float> later = {0, 0.3F, -kInfinity};
  auto model = one_image_model({{first, first, first}, {later, later, later}, {first, first, first}});
  const DecodeOptions options{.beam = 8, .n_best = 8, .max_tokens = 3, .stop = {"ab"}};
  const auto found = search(model, make_stop_rule({2}, options.stop, bytes_of({"a", "b", "c"})), options)[0];
  std::set<std::string> texts;
  for (const Hypothesis& one : found) {
    std::string text;
    for (const std::int32_t token : one.tokens) text += token == 0 ? 'a' : 'b';
    texts.insert(text);
  }
  EXPECT_EQ(texts, (std::set<std::string>{"aaa", "aab", "ab", "baa", "bab", "bba", "bbb"}));
}

TEST(StopRule, TheStopTokenWaitsForTheMinimum) {
  auto model = constant_model({{5, 1, 3}});
  for (const bool sample : {false, true}) {
    DecodeOptions options{.max_tokens = 6, .sample = sample, .top_k = 1};
    const auto with = [&](int min_tokens) {
      options.min_tokens = min_tokens;
      return greedy(model, {0}, options);
    };
    EXPECT_EQ(with(0), (Ids{0}));
    EXPECT_EQ(with(1), (Ids{2, 0}));
    EXPECT_EQ(with(4), (Ids{2, 2, 2, 2, 0}));
    EXPECT_EQ(with(5), (Ids{2, 2, 2, 2, 2, 0}));
    EXPECT_EQ(with(6), (Ids{2, 2, 2, 2, 2, 2}));
  }
}

TEST(StopRule, EachOfSeveralTokensEndsASequence) {
  auto model = counting_model(6);
  const DecodeOptions options{.max_tokens = 5};
  EXPECT_EQ(greedy(model, StopRule(Ids{5, 3}), options), (Ids{1, 2, 3}));
  EXPECT_EQ(greedy(model, StopRule(Ids{2, 3}), options), (Ids{1, 2}));
  EXPECT_EQ(greedy(model, StopRule(Ids{}), options).size(), 5U);
  const DecodeOptions later{.max_tokens = 5, .min_tokens = 3};
  auto constant = constant_model({{5, 4, 3}});
  EXPECT_EQ(greedy(constant, StopRule(Ids{0, 1}), later), (Ids{2, 2, 2, 0}));
  EXPECT_THROW(greedy(model, StopRule(Ids{1, 6}), options), Error);
}

TEST(StopRule, ATextEndsASequenceBeforeTheMinimum) {
  auto model = counting_model(4);
  const DecodeOptions options{.max_tokens = 9, .min_tokens = 8, .stop = {"cd"}};
  const auto rule = make_stop_rule({0}, options.stop, bytes_of({"a", "b", "c", "d"}));
  EXPECT_EQ(greedy(model, rule, options), (Ids{1, 2, 3}));
}

TEST(StopRule, AMinimumLeavesTheOtherTokensScores) {
  auto model = constant_model({{5, 1, 3, 2}});
  const double log_sum = std::log(std::exp(5) + std::exp(1) + std::exp(3) + std::exp(2));
  for (const bool sample : {false, true}) {
    const DecodeOptions options{
        .beam = 2, .n_best = 2, .max_tokens = 2, .min_tokens = 2, .sample = sample, .top_k = 1};
    const auto found = search(model, {0}, options)[0];
    EXPECT_EQ(found[0].tokens, (Ids{2, 2}));
    EXPECT_NEAR(found[0].score, 2 * (3 - log_sum), 1e-5);
  }
}

/// Of five beams, four could take the stop token's place.
TEST(StopRule, AMinimumLeavesABeamItsWidth) {
  auto model = constant_model({{5, 4, 3, 2, 1}});
  const DecodeOptions options{.beam = 4, .n_best = 4, .max_tokens = 1, .min_tokens = 1};
  const auto found = search(model, {1}, options)[0];
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].tokens, (Ids{0}));
  EXPECT_EQ(found[1].tokens, (Ids{2}));
  EXPECT_EQ(found[3].tokens, (Ids{4}));
}

TEST(StopRule, SamplingDrawsTheOthersByTheirOddsBeforeTheMinimum) {
  // The stop token is so likely that the others' shares vanish beside it.
  auto model = constant_model({{std::log(0.25F), 200, std::log(0.75F)}});
  const DecodeOptions options{.n_best = 1000, .max_tokens = 2, .min_tokens = 1, .sample = true};
  std::map<std::int32_t, int> drawn;
  const auto found = search(model, {1}, options);
  for (const Hypothesis& one : found[0]) {
    ++drawn[one.tokens.at(0)];
    EXPECT_EQ(one.tokens.at(1), 1);
  }
  EXPECT_EQ(drawn.size(), 2U);
  EXPECT_NEAR(drawn[2], 750, 50);
}

/// No token but the stop token can come, which cannot come yet.
TEST(StopRule, ADeadEndIsTold) {
  const std::vector<float> open = {0, -1, -2};
  const std::vector<float> dead = {-kInfinity, -kInfinity, 0};
  auto model = one_image_model({{open, open, open}, {dead, open, open}});
  const auto message = [&](const DecodeOptions& options) -> std::string {
    try {
      search(model, {2}, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      return error.what();
    }
    return "";
  };
  const std::string expected =
      "no token is left that could come next: the minimum of tokens excludes the stop token, and what is "
      "banned or cannot come twice excludes others";
  EXPECT_EQ(message({.beam = 1, .max_tokens = 3, .min_tokens = 2}), expected);
  EXPECT_EQ(message({.max_tokens = 3, .min_tokens = 2, .sample = true, .top_k = 1}), expected);
  // Another beam goes on.
  DecodeOptions options{.beam = 2, .max_tokens = 2, .min_tokens = 2};
  EXPECT_EQ(search(model, {2}, options)[0][0].tokens, (Ids{1, 0}));
  EXPECT_EQ(message({.beam = 1, .max_tokens = 3, .min_tokens = 1}), "");
}

TEST(StopRule, MustBeMadeWithTheOptionsTexts) {
  auto model = counting_model(3);
  DecodeOptions options{.max_tokens = 3, .stop = {"a"}};
  EXPECT_THROW(search(model, {0}, options), Error);
  const auto rule = make_stop_rule({0}, options.stop, bytes_of({"a", "b", "c"}));
  EXPECT_NO_THROW(search(model, rule, options));
  options.stop.clear();
  EXPECT_THROW(search(model, rule, options), Error);
}

}  // namespace
}  // namespace caption
