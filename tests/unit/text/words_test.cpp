#include "text/words.h"

#include <gtest/gtest.h>

#include "caption/error.h"
#include "text_goldens.h"

namespace caption {
namespace {

/// The words as "TEXT:TOKENS", separated by "|"; checks that every token belongs to exactly one.
std::string words_of(const std::vector<Piece>& pieces) {
  std::string result;
  std::size_t next = 0;
  for (const Word& word : split_words(pieces)) {
    EXPECT_EQ(word.first, next);
    EXPECT_GT(word.count, 0U);
    next = word.first + word.count;
    result += (result.empty() ? "" : "|") + word.text + ":" + std::to_string(word.count);
  }
  EXPECT_EQ(next, pieces.size());
  return result;
}

std::string words_of(std::initializer_list<const char*> texts) {
  std::vector<Piece> pieces;
  for (const char* text : texts) pieces.push_back({text, false});
  return words_of(pieces);
}

std::string words_of(const Tokenizer& tokenizer, const std::string& text) {
  std::vector<Piece> pieces;
  for (const std::int32_t id : tokenizer.encode(text)) pieces.push_back(tokenizer.piece(id));
  return words_of(pieces);
}

TEST(SplitWords, BeginAtSpaces) {
  EXPECT_EQ(words_of({"A", " cat"}), "A:1|cat:1");
  EXPECT_EQ(words_of({" A", " play", "ing", " cat"}), "A:1|playing:2|cat:1");
  EXPECT_EQ(words_of({"A ", "cat"}), "A:1|cat:1");
  EXPECT_EQ(words_of({"A", " ", "cat", "s"}), "A:1|cats:3");  // the space belongs to what follows
  EXPECT_EQ(words_of({"cat", " "}), "cat:1|:1");
  EXPECT_EQ(words_of(std::vector<Piece>{}), "");
}

TEST(SplitWords, PunctuationAtTheEndsIsAWord) {
  EXPECT_EQ(words_of({"A", " cat", "."}), "A:1|cat:1|.:1");
  EXPECT_EQ(words_of({"A", " cat", ",", " a", " dog", " ..."}), "A:1|cat:1|,:1|a:1|dog:1|...:1");
  EXPECT_EQ(words_of({" \"", "cat", "\"", "."}), "\":1|cat:1|\":1|.:1");
  EXPECT_EQ(words_of({" (", "a", " cat", ")"}), "(:1|a:1|cat:1|):1");
  EXPECT_EQ(words_of({" \xE2\x80\x9C", "cat", "\xE2\x80\x9D"}), "\xE2\x80\x9C:1|cat:1|\xE2\x80\x9D:1");
  EXPECT_EQ(words_of({"."}), ".:1");
}

TEST(SplitWords, PunctuationInsideIsNot) {
  EXPECT_EQ(words_of({" don", "'t"}), "don't:2");
  EXPECT_EQ(words_of({" well", "-", "known", "."}), "well-known:3|.:1");
  EXPECT_EQ(words_of({" 3", ".", "5"}), "3.5:3");
  EXPECT_EQ(words_of({" U", ".", "S", "."}), "U.S:3|.:1");
}

TEST(SplitWords, SpecialTokensStandAlone) {
  EXPECT_EQ(words_of({{" cat", false}, {".", false}, {"</s>", true}}), "cat:1|.:1|:1");
  EXPECT_EQ(words_of({{"</s>", true}, {"cat", false}}), ":1|cat:1");
  EXPECT_EQ(words_of({{" ca", false}, {"<s>", true}, {"t", false}}), "ca:1|:1|t:1");
}

TEST(SplitWords, CharactersMayBeSpreadOverTokens) {
  // "a café" and a cat's face, cut inside of characters
  EXPECT_EQ(words_of({"a", " caf", "\xC3", "\xA9"}), "a:1|caf\xC3\xA9:3");
  EXPECT_EQ(words_of({" \xF0\x9F", "\x90", "\xB1", "!"}), "\xF0\x9F\x90\xB1:3|!:1");
  EXPECT_EQ(words_of({" caf", "\xC3"}), "caf<0xC3>:2");
}

TEST(SplitWords, ScriptsWithoutSpaces) {
  // "猫和狗。", the second character in two tokens
  EXPECT_EQ(words_of({"\xE7\x8C\xAB", "\xE5\x92", "\x8C", "\xE7\x8B\x97", "\xE3\x80\x82"}),
            "\xE7\x8C\xAB:1|\xE5\x92\x8C:2|\xE7\x8B\x97:1|\xE3\x80\x82:1");
}

TEST(SplitWords, OfRealTokenizers) {
  const auto gpt2 = load_gpt2_tokenizer(text_data("encoder.json"), text_data("vocab.bpe"));
  EXPECT_EQ(words_of(*gpt2, "A man's well-lit pangolin, on 3.5 \xE7\x8C\xAB."),
            "A:1|man's:2|well-lit:3|pangolin:3|,:1|on:1|3.5:3|\xE7\x8C\xAB:3|.:1");
  const auto tiny = load_sentencepiece_tokenizer(text_data("tiny.model"));
  const std::string words = words_of(*tiny, "a cat on a mat.");
  EXPECT_TRUE(words.starts_with("a:1|cat:")) << words;
  EXPECT_TRUE(words.ends_with("|.:1")) << words;
}

TEST(Pieces, MakeUpTheText) {
  const std::string text = " a cat\xE2\x80\x94na\xC3\xAFve \xF0\x9F\x90\xB1 \xE7\x8C\xAB";
  const auto gpt2 = load_gpt2_tokenizer(text_data("encoder.json"), text_data("vocab.bpe"));
  std::string bytes;
  for (const std::int32_t id : gpt2->encode(text)) bytes += gpt2->piece(id).bytes;
  EXPECT_EQ(bytes, text);
  EXPECT_TRUE(gpt2->piece(50256).special);
  EXPECT_THROW(gpt2->piece(50257), Error);

  const auto tiny = load_sentencepiece_tokenizer(text_data("tiny.model"));
  bytes.clear();
  for (const std::int32_t id : tiny->encode("a cat on a mat")) bytes += tiny->piece(id).bytes;
  EXPECT_EQ(bytes, " a cat on a mat");
  int special = 0;
  for (std::int32_t id = 0; id < tiny->size(); ++id) special += tiny->piece(id).special ? 1 : 0;
  EXPECT_GE(special, 1);
  EXPECT_LE(special, 4);
  EXPECT_THROW(tiny->piece(-1), Error);
}

TEST(Readable, KeepsCharactersAndNamesOtherBytes) {
  EXPECT_EQ(readable("a \xC3\xA9\n"), "a \xC3\xA9\n");
  EXPECT_EQ(readable("\xC3"), "<0xC3>");
  EXPECT_EQ(readable("x\xF0\x9F\x90y\xFF"), "x<0xF0><0x9F><0x90>y<0xFF>");
}

}  // namespace
}  // namespace caption
