#include "decode/exclusions.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

Ids behind(const Ids& tokens, const DecodeOptions& options, const StopRule& stop = {std::nullopt},
           const Wording& wording = {}) {
  Exclusions exclusions(stop, wording, options);
  const auto excluded = exclusions.behind(tokens);
  return {excluded.begin(), excluded.end()};
}

TEST(Exclusions, TheStopTokenBeforeTheMinimum) {
  const DecodeOptions options{.min_tokens = 2};
  EXPECT_EQ(behind({}, options, {7}), Ids{7});
  EXPECT_EQ(behind({1}, options, {7}), Ids{7});
  EXPECT_EQ(behind({1, 2}, options, {7}), Ids{});
  EXPECT_EQ(behind({1}, options), Ids{});
}

TEST(Exclusions, WhatWouldRepeatSoManyTokens) {
  const auto of = [](int ngram, const Ids& tokens) { return behind(tokens, {.no_repeat_ngram = ngram}); };
  EXPECT_EQ(of(1, {5, 3, 5}), (Ids{3, 5}));
  EXPECT_EQ(of(2, {1, 9, 1, 4, 1}), (Ids{4, 9}));
  EXPECT_EQ(of(2, {1, 1}), Ids{1});
  EXPECT_EQ(of(2, {1, 9, 2}), Ids{});
  EXPECT_EQ(of(3, {1, 2, 8, 1, 2, 7, 1, 2}), (Ids{7, 8}));
  EXPECT_EQ(of(3, {2, 8, 1, 2}), Ids{});
  EXPECT_EQ(of(4, {1, 1, 1}), Ids{});
  EXPECT_EQ(of(0, {1, 1, 1}), Ids{});
  for (const int ngram : {1, 2, 100}) EXPECT_EQ(of(ngram, {}), Ids{});
}

TEST(Exclusions, EachOnceWhereTwoRulesAgree) {
  EXPECT_EQ(behind({7, 7}, {.min_tokens = 3, .no_repeat_ngram = 1}, {7}), Ids{7});
}

Wording banned(std::vector<Ids> sequences, Ids prompt = {}) {
  return {std::move(prompt), std::make_shared<const BannedSequences>(std::move(sequences))};
}

TEST(Exclusions, WhatWouldCompleteABannedSequence) {
  const Wording words = banned({{4}, {1, 2, 3}, {2, 3}, {2, 5}, {9, 2, 5}, {2}});
  const auto of = [&](const Ids& tokens) { return behind(tokens, {}, {std::nullopt}, words); };
  EXPECT_EQ(of({}), (Ids{2, 4}));
  EXPECT_EQ(of({2}), (Ids{2, 3, 4, 5}));
  EXPECT_EQ(of({1, 2}), (Ids{2, 3, 4, 5}));
  EXPECT_EQ(of({2, 1}), (Ids{2, 4}));
  EXPECT_EQ(behind({7, 1, 2}, {}, {std::nullopt}, banned({{1, 2, 3}})), Ids{3});
  EXPECT_EQ(behind({1, 7, 2}, {}, {std::nullopt}, banned({{1, 2, 3}})), Ids{});
  EXPECT_EQ(behind({2}, {}, {std::nullopt}, banned({{1, 2, 3}})), Ids{});
}

TEST(Exclusions, ThePromptIsPartOfTheSequence) {
  EXPECT_EQ(behind({2}, {}, {std::nullopt}, banned({{1, 2, 3}}, {1})), Ids{3});
  EXPECT_EQ(behind({}, {}, {std::nullopt}, banned({{1, 2, 3}}, {1, 2})), Ids{3});
  EXPECT_EQ(behind({8}, {.no_repeat_ngram = 2}, {std::nullopt}, {{8, 6}, nullptr}), Ids{6});
  EXPECT_EQ(behind({}, {.min_tokens = 1}, {7}, {{8, 6}, nullptr}), Ids{7});
}

TEST(Exclusions, SeenAreOnlyLookedForWithAPenalty) {
  const auto seen = [](double penalty) {
    Exclusions exclusions({std::nullopt}, {{8, 6}, nullptr}, {.repetition_penalty = penalty});
    const auto tokens = exclusions.seen(Ids{3, 8, 3});
    return Ids(tokens.begin(), tokens.end());
  };
  EXPECT_EQ(seen(1.5), (Ids{3, 6, 8}));
  EXPECT_EQ(seen(1), Ids{});
}

}  // namespace
}  // namespace caption
