#include "decode/exclusions.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

Ids behind(const Ids& tokens, const DecodeOptions& options, const StopRule& stop = {std::nullopt}) {
  Exclusions exclusions(stop, options);
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

}  // namespace
}  // namespace caption
