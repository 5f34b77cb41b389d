#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/way.h"

namespace caption {
namespace {

/// Words, and one that stands for no text.
class Words : public Tokenizer {
 public:
  std::int32_t size() const override { return static_cast<std::int32_t>(kPieces.size()); }
  std::vector<std::int32_t> encode(std::string_view) const override { return {}; }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    for (const std::int32_t id : ids) text += piece(id).bytes;
    return text;
  }
  Piece piece(std::int32_t id) const override { return kPieces.at(static_cast<std::size_t>(id)); }

 private:
  const std::vector<Piece> kPieces = {{" cat", false}, {".", false}, {"<|endoftext|>", true}, {" ", false}};
};

const Words words;

Caption of(std::vector<std::int32_t> tokens, std::optional<std::int32_t> stop,
           std::vector<std::int32_t> prompt = {}) {
  return describe({words, StopRule(stop), std::move(prompt), std::nullopt},
                  Hypothesis{std::move(tokens), -1});
}

TEST(Describe, SaysHowTheCaptionEnded) {
  EXPECT_EQ(of({0, 1}, 1).finish, Finish::stop);
  EXPECT_EQ(of({0, 0}, 1).finish, Finish::length);
  EXPECT_EQ(of({0, 1, 0}, 1).finish, Finish::length);
  EXPECT_EQ(of({3, 3}, 1).text, "");
  const TokenBytes bytes = [](std::int32_t id) { return Words().piece(id).bytes; };
  const StopRule text = make_stop_rule({1}, {" cat cat"}, bytes);
  EXPECT_EQ(describe({words, text, {}, std::nullopt}, {{0, 0}, -1}).finish, Finish::stop);
  EXPECT_EQ(describe({words, text, {}, std::nullopt}, {{0, 3}, -1}).finish, Finish::length);
}

TEST(Describe, SpecialTokensAreNoText) {
  const Caption caption = of({0, 2}, 2);
  EXPECT_EQ(caption.text, "cat");
  EXPECT_EQ(caption.tokens, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(of({2}, 2).text, "");
}

TEST(Describe, ThePromptIsPartOfTheTextAlone) {
  const Caption caption = of({0, 1}, 1, {0, 0});
  EXPECT_EQ(caption.text, "cat cat cat.");
  EXPECT_EQ(caption.tokens, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(caption.mean_logprob, -0.5);
  EXPECT_FALSE(caption.only_prompt);
  EXPECT_FALSE(of({3}, 1).only_prompt);
  EXPECT_FALSE(of({1}, 1, {0}).only_prompt);
  EXPECT_TRUE(of({3, 2}, 2, {0}).only_prompt);
}

TEST(Describe, AStopTextMayBeginInThePrompt) {
  const TokenBytes bytes = [](std::int32_t id) { return words.piece(id).bytes; };
  const std::vector<std::int32_t> prompt = {0};
  const StopRule text = make_stop_rule({1}, {" cat cat"}, bytes, prompt);
  EXPECT_EQ(describe({words, text, prompt, std::nullopt}, {{0}, -1}).finish, Finish::stop);
  EXPECT_THROW(make_stop_rule({1}, {"cat"}, bytes, prompt), Error);
}

TEST(Describe, SeveralCaptionsAreSeveralTexts) {
  const auto texts = [](std::size_t most) {
    std::vector<std::string> found;
    for (const Caption& caption :
         describe_distinct({words, StopRule(1), {}, std::nullopt},
                           {{{0, 1}, -1}, {{3, 0, 1}, -2}, {{0}, -3}, {{0, 3}, -4}, {{1}, -5}}, most))
      found.push_back(caption.text);
    return found;
  };
  EXPECT_EQ(texts(5), (std::vector<std::string>{"cat.", "cat", "."}));
  EXPECT_EQ(texts(2), (std::vector<std::string>{"cat.", "cat"}));
}

TEST(Describe, WhatRepeatsItself) {
  for (const char* const text :
       {"ray ban ray ban ray ban", "a a a a", "the cat on the cat on the cat on", "x no no no no",
        ",,,,,,,,,,,,,,,,", "a manandandandandandand", "\u2014\u2014\u2014\u2014\u2014\u2014"})
    EXPECT_TRUE(repeats_itself(text)) << text;
  for (const char* const text :
       {"", "a", "very very very big", "a dog and a cat and a bird", "ray ban ray ban", "a b a b a c",
        "no!!!!!!!!!!!", "hahahahahaha", "a Mississippi steamboat"})
    EXPECT_FALSE(repeats_itself(text)) << text;
}

}  // namespace
}  // namespace caption
