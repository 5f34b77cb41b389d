#include "eval/lexer.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "caption/error.h"

namespace caption::eval {
namespace {

Lexer::Match match(const std::vector<LexerRule>& rules, std::u16string_view text, std::size_t at = 0) {
  PatternCompiler names;
  names.name("vowel", CharSet{{u'a', u'a'}, {u'e', u'e'}});
  names.name("pair", "{vowel}{vowel}");
  Lexer lexer(names, rules);
  return lexer.longest(text, at);
}

constexpr std::string_view kAny = R"([\u0000-\uFFFF])";

TEST(Lexer, TheLongestMatchWinsAndTheFirstOfEquallyLongOnes) {
  const std::vector<LexerRule> rules = {{"ab", ""}, {"abc|x", ""}, {"a(b|x)", ""}, {kAny, ""}};
  EXPECT_EQ(match(rules, u"abd").rule, 0U);
  EXPECT_EQ(match(rules, u"abc").rule, 1U);
  EXPECT_EQ(match(rules, u"abc").length, 3U);
  EXPECT_EQ(match(rules, u"ax").rule, 2U);
  EXPECT_EQ(match(rules, u"zab", 0).rule, 3U);
  EXPECT_EQ(match(rules, u"zab", 1).rule, 0U);
}

TEST(Lexer, WhatMustFollowCountsForTheLengthAndIsNotTaken) {
  const std::vector<LexerRule> rules = {{"a+", "ab"}, {"aa", ""}, {kAny, ""}};
  const Lexer::Match found = match(rules, u"aaab");
  EXPECT_EQ(found.rule, 0U);
  EXPECT_EQ(found.length, 2U);
  EXPECT_EQ(match(rules, u"aaac").rule, 1U);
}

TEST(Lexer, RepetitionsSetsNamesAndCases) {
  const std::vector<LexerRule> rules = {
      {"k{2,3}", ""}, {"x?y*z", ""}, {"[^a-z]", ""}, {"{pair}", ""}, {kAny, ""}};
  EXPECT_EQ(match(rules, u"kkkk").length, 3U);
  EXPECT_EQ(match(rules, u"K\u212Ak").length, 3U);  // the sign of kelvin is a k, too
  EXPECT_EQ(match(rules, u"kz").rule, 4U);
  EXPECT_EQ(match(rules, u"xyyz").length, 4U);
  EXPECT_EQ(match(rules, u"z").rule, 1U);
  EXPECT_EQ(match(rules, u"A").rule, 2U);  // sets have the cases that are written
  EXPECT_EQ(match(rules, u"ae").rule, 3U);
  EXPECT_EQ(match(rules, u"a").rule, 4U);
}

TEST(Lexer, WrongPatternsAndTextsThatNoRuleTakesAreDefects) {
  for (const std::string_view pattern : {"(a", "a)", "[a", "{nothing}", "a{2", "a{3,2}", "\\u00", "[z-a]"})
    EXPECT_THROW(match({{pattern, ""}}, u"a"), Error) << pattern;
  EXPECT_THROW(match({{"a", ""}}, u"b"), Error);
}

}  // namespace
}  // namespace caption::eval
