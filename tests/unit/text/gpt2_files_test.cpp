#include <gtest/gtest.h>

#include <map>

#include "caption/error.h"
#include "scratch_file.h"
#include "text/tokenizer.h"
#include "text_goldens.h"

namespace caption {
namespace {

/// A vocabulary of the 256 bytes (ids in the order of the alphabet's characters), "ab" and "abc".
nlohmann::json small_vocabulary() {
  nlohmann::json vocabulary;
  const auto full = read_goldens("encoder.json");
  for (const auto& [token, id] : full.items()) {
    if (id < 256) vocabulary[token] = id;
  }
  vocabulary["ab"] = 256;
  vocabulary["abc"] = 257;
  return vocabulary;
}

/// The message of loading these two files and encoding with them; empty if there is no error.
std::string failure(const std::string& vocabulary, const std::string& merges) {
  const ScratchFile vocabulary_file(vocabulary);
  const ScratchFile merges_file(merges);
  try {
    load_gpt2_tokenizer(vocabulary_file.path(), merges_file.path())->encode("abc");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    const bool names_file = error.path() == vocabulary_file.path() || error.path() == merges_file.path();
    EXPECT_TRUE(names_file);
    const std::string start = error.path().string() + ": ";
    EXPECT_TRUE(std::string(error.what()).starts_with(start)) << error.what();
    return std::string(error.what()).substr(start.size());
  }
  return "";
}

std::string vocabulary_failure(const std::string& vocabulary) {
  return failure(vocabulary, "");
}
std::string merges_failure(const std::string& merges) {
  return failure(small_vocabulary().dump(), merges);
}

TEST(Gpt2Files, ReadsMergesWithAndWithoutAVersionLine) {
  const ScratchFile vocabulary(small_vocabulary().dump());
  for (const char* text :
       {"#version: 0.2\na b\nab c\n", "a b\nab c", "#version: 0.2 - Trained by x\na b\nab c"}) {
    const ScratchFile merges(text);
    EXPECT_EQ(load_gpt2_tokenizer(vocabulary.path(), merges.path())->encode("abcab"),
              (std::vector<std::int32_t>{257, 256}));
  }
}

TEST(Gpt2Files, DoesNotReadTheEndOfTextTokenWhereTheVocabularyHasNone) {
  const ScratchFile vocabulary(small_vocabulary().dump());
  const ScratchFile merges("");
  EXPECT_EQ(load_gpt2_tokenizer(vocabulary.path(), merges.path())->encode("<|endoftext|>").size(), 13U);
}

TEST(Gpt2Files, NamesAFileThatCannotBeRead) {
  for (const std::string place : {"/nowhere/encoder.json", CAPTION_TEST_DATA}) {
    try {
      load_gpt2_tokenizer(place, text_data("vocab.bpe"));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      EXPECT_EQ(error.path(), place);
      EXPECT_NE(std::string(error.what()).find(place), std::string::npos);
    }
  }
  EXPECT_THROW(load_gpt2_tokenizer(text_data("encoder.json"), "/nowhere/vocab.bpe"), Error);
}

TEST(Gpt2Files, NamesTheEntryOfTheVocabulary) {
  EXPECT_EQ(vocabulary_failure(""), "is not valid JSON: error at byte 1");
  EXPECT_EQ(vocabulary_failure("{\"a\": 0,"), "is not valid JSON: error at byte 9");
  EXPECT_EQ(vocabulary_failure("[1]"), "is not a JSON object of tokens and ids");
  EXPECT_EQ(vocabulary_failure("7"), "is not a JSON object of tokens and ids");
  EXPECT_EQ(vocabulary_failure("{}"), "holds no token");
  const std::string range = ": the id is not an integer in [0, 16777216)";
  for (const char* value : {"-1", "1.5", "\"0\"", "null", "true", "[0]", "{\"b\": 0}", "16777216"}) {
    EXPECT_EQ(vocabulary_failure(std::string("{\"a\": ") + value + "}"), "entry \"a\"" + range);
  }
  EXPECT_EQ(vocabulary_failure("{\"a\": 0, \"b\": 0}"), "entry \"b\": another one has the id 0");
  EXPECT_EQ(vocabulary_failure("{\"a\": 0, \"b\": 2}"),
            "no entry has the id 1, though there are higher ones");
  EXPECT_EQ(vocabulary_failure("{\"a b\": 0}"),
            "entry \"a b\" has a character that stands for no byte in GPT-2's byte-level alphabet");
  EXPECT_EQ(vocabulary_failure("{\"a\": 0, \"a\": 1}"), "ids 0 and 1 are the same token");
  EXPECT_EQ(vocabulary_failure("{\"a\": 0}"), "there is no token for byte 0");
}

TEST(Gpt2Files, NamesTheLineOfTheMerges) {
  EXPECT_EQ(merges_failure("#version: 0.2\na b\nab\n"),
            "line 3: expected two tokens with a space between them, found \"ab\"");
  EXPECT_EQ(merges_failure("a b\n\nab c\n"),
            "line 2: expected two tokens with a space between them, found \"\"");
  EXPECT_EQ(merges_failure("a b\nab c\na c\n"), "line 3: \"ac\" is not in the vocabulary");
  EXPECT_EQ(merges_failure("a b\na  b\n"), "line 2: \"a b\" is not in the vocabulary");
  EXPECT_EQ(merges_failure("a b\r\nab c\r\n"), "line 1: \"ab\r\" is not in the vocabulary");
  EXPECT_EQ(merges_failure("a b\nab c\na b\n"), "line 3: \"a b\" stands there twice");
}

}  // namespace
}  // namespace caption
