#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

#include "caption/error.h"
#include "open_libraries.h"
#include "text/tokenizer.h"
#include "text_goldens.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

const Tokenizer& gpt2() {
  static const auto tokenizer = load_gpt2_tokenizer(text_data("encoder.json"), text_data("vocab.bpe"));
  return *tokenizer;
}

const nlohmann::json& goldens() {
  static const auto json = read_goldens("gpt2.json");
  return json;
}

TEST(Gpt2Tokenizer, HasTheVocabularysSize) {
  EXPECT_EQ(gpt2().size(), 50257);
}

TEST(Gpt2Tokenizer, OpensNothingOfSentencepiece) {
  EXPECT_EQ(gpt2().encode("a"), Ids{64});
  EXPECT_TRUE(library_is_open("libc.so"));
  EXPECT_FALSE(library_is_open("sentencepiece"));
}

TEST(Gpt2Tokenizer, EncodesAsTheReference) {
  ASSERT_GT(goldens()["encode"].size(), 400U);
  for (const auto& golden : goldens()["encode"]) {
    EXPECT_EQ(gpt2().encode(golden["text"].get<std::string>()), golden["ids"].get<Ids>()) << golden["text"];
  }
}

TEST(Gpt2Tokenizer, DecodesWhatItEncoded) {
  for (const auto& golden : goldens()["encode"]) {
    EXPECT_EQ(gpt2().decode(golden["ids"].get<Ids>()), golden["text"].get<std::string>());
  }
}

TEST(Gpt2Tokenizer, DecodesRandomIdsAsTheReference) {
  ASSERT_GT(goldens()["decode"].size(), 400U);
  for (const auto& golden : goldens()["decode"]) {
    EXPECT_EQ(gpt2().decode(golden["ids"].get<Ids>()), golden["text"].get<std::string>()) << golden["ids"];
  }
}

TEST(Gpt2Tokenizer, EncodesLongRunsAsTheReference) {
  ASSERT_FALSE(goldens()["runs"].empty());
  for (const auto& run : goldens()["runs"]) {
    std::string text;
    for (int i = 0; i < run["times"]; ++i) text += run["unit"].get<std::string>();
    Ids expected;
    for (const auto& group : run["ids"]) expected.insert(expected.end(), group[1], group[0]);
    EXPECT_EQ(gpt2().encode(text), expected) << run["unit"];
  }
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto tail = [&](int shift) { text.push_back(static_cast<char>(0x80 | (code >> shift & 0x3F))); };
  if (code < 0x80) {
    text.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text.push_back(static_cast<char>(0xC0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    text.push_back(static_cast<char>(0xE0 | code >> 12));
    tail(6), tail(0);
  } else {
    text.push_back(static_cast<char>(0xF0 | code >> 18));
    tail(12), tail(6), tail(0);
  }
}

std::string fnv1a(const Ids& ids) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const std::int32_t id : ids) value = (value ^ static_cast<std::uint64_t>(id)) * 0x100000001B3;
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016lx", static_cast<unsigned long>(value));
  return hex;
}

TEST(Gpt2Tokenizer, SplitsAtEveryCodePointAsTheReference) {
  ASSERT_EQ(goldens()["blocks"].size(), 0x110U);
  for (const auto& block : goldens()["blocks"]) {
    std::string text;
    for (std::uint32_t code = block["first"]; code <= block["last"]; ++code) {
      if (code >= 0xD800 && code < 0xE000) continue;
      for (const char before : {'x', '7', '!'}) {
        text.push_back(before);
        append_utf8(text, code);
      }
    }
    const Ids ids = gpt2().encode(text);
    EXPECT_EQ(ids.size(), block["tokens"]) << "from " << block["first"];
    EXPECT_EQ(fnv1a(ids), block["hash"]) << "from " << block["first"];
  }
}

TEST(Gpt2Tokenizer, RefusesIdsOutsideTheVocabulary) {
  for (const std::int32_t id : {-1, 50257}) {
    try {
      gpt2().decode(Ids{13, id});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal);
      EXPECT_NE(std::string(error.what()).find("token id " + std::to_string(id) + " is not in [0, 50257)"),
                std::string::npos);
    }
  }
}

TEST(Gpt2Tokenizer, RefusesTextThatIsNotUtf8) {
  EXPECT_THROW(gpt2().encode("a\xFF"), Error);
}

TEST(Gpt2Tokenizer, MayBeUsedByManyThreadsFromTheStart) {
  const auto tokenizer = load_gpt2_tokenizer(text_data("encoder.json"), text_data("vocab.bpe"));
  std::vector<Ids> results(4);
  std::vector<std::thread> threads;
  for (Ids& ids : results) threads.emplace_back([&] { ids = tokenizer->encode("A man riding a wave."); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : results) EXPECT_EQ(ids, results[0]);
}

}  // namespace
}  // namespace caption
