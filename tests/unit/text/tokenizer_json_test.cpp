#include <gtest/gtest.h>

#include "caption/error.h"
#include "scratch_file.h"
#include "text/tokenizer.h"
#include "text_goldens.h"

namespace caption {
namespace {

using nlohmann::json;
using Ids = std::vector<std::int32_t>;

/// The 256 bytes, "ab" and "abc", and two added tokens.
json small_tokenizer() {
  json vocabulary;
  const auto full = read_goldens("encoder.json");
  for (const auto& [token, id] : full.items())
    if (id < 256) vocabulary[token] = id;
  vocabulary["ab"] = 256;
  vocabulary["abc"] = 257;
  return {{"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"a b", "ab c"}}}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"normalizer", nullptr},
          {"added_tokens",
           {{{"id", 258}, {"content", "<end>"}, {"special", true}, {"rstrip", true}},
            {{"id", 259}, {"content", "<end>e \u00e9"}, {"special", false}}}}};
}

std::unique_ptr<Tokenizer> load(const json& tokenizer) {
  const ScratchFile file(tokenizer.dump());
  return load_tokenizer_json(file.path());
}

/// What is wrong with it.
std::string failure(const json& tokenizer) {
  const ScratchFile file(tokenizer.dump());
  try {
    load_tokenizer_json(file.path());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_EQ(error.path(), file.path());
    return error.what();
  }
  return "no error";
}

#define EXPECT_FAILS(change, words)                                                     \
  do {                                                                                  \
    json tokenizer = small_tokenizer();                                                 \
    tokenizer change;                                                                   \
    EXPECT_NE(failure(tokenizer).find(words), std::string::npos) << failure(tokenizer); \
  } while (false)

TEST(TokenizerJson, AddedTokensComeFirst) {
  const auto tokenizer = load(small_tokenizer());
  EXPECT_EQ(tokenizer->size(), 260);
  EXPECT_EQ(tokenizer->encode("abc<end>  ab"), (Ids{257, 258, 256}));
  EXPECT_EQ(tokenizer->encode("<end>e \u00e9<end>"), (Ids{259, 258})) << "the longest one";
  EXPECT_TRUE(tokenizer->piece(258).special);
  EXPECT_FALSE(tokenizer->piece(259).special);
  EXPECT_EQ(tokenizer->decode(Ids{256, 259}), "ab<end>e \u00e9");
}

TEST(TokenizerJson, ATextMayBeginWithASpaceOfItsOwn) {
  json spaced = small_tokenizer();
  spaced["pre_tokenizer"]["add_prefix_space"] = true;
  const Ids expected = load(small_tokenizer())->encode(" abc<end>");
  EXPECT_EQ(load(spaced)->encode("abc<end>"), expected);
  EXPECT_EQ(load(spaced)->encode(" abc<end>"), expected);
}

TEST(TokenizerJson, WhatIsOfAnotherKindIsRefused) {
  EXPECT_EQ(failure(small_tokenizer()), "no error");
  EXPECT_FAILS(["model"]["type"] = "Unigram",
               "is a tokenizer of the kind \"Unigram\", which is not supported");
  EXPECT_FAILS(["model"]["byte_fallback"] = true, "'model.byte_fallback' is true");
  EXPECT_FAILS(["normalizer"] = json({{"type", "NFC"}}), "changes texts by a normalizer of the kind \"NFC\"");
  EXPECT_FAILS(["pre_tokenizer"]["type"] = "Metaspace", "splits texts by a step of the kind \"Metaspace\"");
  EXPECT_FAILS(["pre_tokenizer"]["use_regex"] = false, "splits texts by a step");
  EXPECT_FAILS(["added_tokens"][0]["single_word"] = true, "single_word is not supported");
  EXPECT_FAILS(["added_tokens"][0]["id"] = 5, "another one has the id 5");
  EXPECT_FAILS(["added_tokens"][0]["id"] = 1LL << 33, "its id is no whole number");
  EXPECT_FAILS(["added_tokens"][0]["id"] = 400, "no entry has the id 258");
  EXPECT_FAILS(["model"]["merges"] = json({{"a", "b", "c"}}), "expected pairs of tokens");
  EXPECT_FAILS(["model"]["vocab"] = 3, "'model.vocab' is no object");
  EXPECT_FAILS(.erase("model"), "is no tokenizer.json");
}

}  // namespace
}  // namespace caption
