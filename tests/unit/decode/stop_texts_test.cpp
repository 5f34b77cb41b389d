#include "decode/stop_texts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "caption/error.h"
#include "caption/options.h"
#include "tiny_pieces.h"

namespace caption {
namespace {

using Texts = std::vector<std::string>;

/// Number of tokens after which a text is found; 0: none is.
std::size_t found_after(const Texts& texts, const Texts& tokens) {
  const StopTexts stop(texts, bytes_of(tokens));
  StopTexts::State state = StopTexts::kStart;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    state = stop.follow(state, static_cast<std::int32_t>(i));
    if (state == StopTexts::kFound) return i + 1;
  }
  return 0;
}

TEST(StopTexts, AreFoundWhereverTheyBeginAndEnd) {
  EXPECT_EQ(found_after({"cat"}, {" a", " cat", "."}), 2U);
  EXPECT_EQ(found_after({"a cat"}, {" a", " cat", "."}), 2U);
  EXPECT_EQ(found_after({" cat"}, {" the", " c", "at", "."}), 3U);
  EXPECT_EQ(found_after({"he cats o"}, {" the", " c", "ats", " on", "."}), 4U);  // ends inside " on"
  EXPECT_EQ(found_after({"h"}, {" the", " c"}), 1U);                             // inside one token
  EXPECT_EQ(found_after({"cat"}, {" ca", "", "t"}), 3U);                         // a token without bytes
  EXPECT_EQ(found_after({"cat"}, {" ca", " t"}), 0U);
  EXPECT_EQ(found_after({"Cat"}, {" cat"}), 0U);
}

TEST(StopTexts, MayBeInOneAnother) {
  EXPECT_EQ(found_after({"abcd", "bc"}, {"a", "b", "c", "d"}), 3U);
  EXPECT_EQ(found_after({"bcd", "abx"}, {"a", "b", "c", "d"}), 4U);  // what is behind "ab" goes on with "b"
  EXPECT_EQ(found_after({"aab"}, {"a", "a", "a", "b"}), 4U);
  EXPECT_EQ(found_after({"a", "a"}, {"b", "a"}), 2U);
}

TEST(StopTexts, MayBeSplitInsideACharacter) {
  EXPECT_EQ(found_after({"caf\u00e9"}, {" ca", "f", "\xc3", "\xa9", "s"}), 4U);
  EXPECT_EQ(found_after({"caf\u00e9"}, {" ca", "f", "\xc3", "\xa8"}), 0U);
}

TEST(StopTexts, AreFoundAsAStringSearchDoes) {
  std::mt19937 random(4);
  std::size_t found = 0;
  for (int round = 0; round < 2000; ++round) {
    const Texts tokens = random_pieces(random, 12);
    const Texts texts = random_stop_texts(random);
    std::size_t expected = 0;
    std::string text;
    for (std::size_t i = 0; i < tokens.size() && expected == 0; ++i) {
      text += tokens[i];
      const auto contained = [&](const std::string& one) { return text.find(one) != std::string::npos; };
      if (std::any_of(texts.begin(), texts.end(), contained)) expected = i + 1;
    }
    ASSERT_EQ(found_after(texts, tokens), expected) << text << ", round " << round;
    found += expected > 0 ? 1 : 0;
  }
  EXPECT_GT(found, 500U);
  EXPECT_LT(found, 1950U);
}

TEST(StopTexts, TheTableHasEveryStep) {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    const Texts tokens = random_pieces(random, 9);
    const StopTexts stop(random_stop_texts(random), bytes_of(tokens));
    const auto table = stop.table(tokens.size());
    ASSERT_EQ(table.size(), stop.states() * tokens.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
      const auto state = static_cast<StopTexts::State>(i / tokens.size());
      EXPECT_EQ(table[i], stop.follow(state, static_cast<std::int32_t>(i % tokens.size())));
    }
  }
}

std::string refused(const Texts& texts) {
  try {
    const StopTexts stop(texts, bytes_of({}));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(StopTexts, HaveBounds) {
  EXPECT_EQ(refused({"a", ""}), "stop text 2 is empty: it would end every caption at once");
  EXPECT_EQ(refused({"caf\xe9"}), "stop text 1 is not UTF-8");
  EXPECT_EQ(refused(Texts(kMostStopTexts, "a")), "");
  EXPECT_EQ(refused(Texts(kMostStopTexts + 1, "a")), "there are 65 stop texts: there can be at most 64");
  EXPECT_EQ(refused({std::string(kMostStopTextBytes - 1, 'a'), "b"}), "");
  EXPECT_EQ(refused({std::string(kMostStopTextBytes, 'a'), "b"}),
            "the stop texts have 1025 bytes: together they can have at most 1024");
}

TEST(StopTexts, OfAllBytesThatAreAllowedAreFound) {
  const std::string longest(kMostStopTextBytes, 'a');
  const StopTexts stop({{longest}}, bytes_of({longest.substr(1), "a", "b"}));
  EXPECT_EQ(stop.states(), longest.size() + 1);
  const auto behind = stop.follow(StopTexts::kStart, 0);
  EXPECT_EQ(stop.follow(behind, 1), StopTexts::kFound);
  EXPECT_EQ(stop.follow(behind, 2), StopTexts::kStart);
}

}  // namespace
}  // namespace caption
