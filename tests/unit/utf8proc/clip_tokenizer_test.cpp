#include "text/clip_tokenizer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "open_libraries.h"
#include "text_goldens.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

const ClipTokenizer& clip() {
  static const ClipTokenizer tokenizer(std::filesystem::path(CAPTION_TEST_DATA) /
                                       "../../models/clip/merges.txt");
  return tokenizer;
}

const nlohmann::json& goldens() {
  static const auto json = read_goldens("clip.json");
  return json;
}

TEST(ClipTokenizer, OpensUnicodesTablesForWhatIsNotAsciiAlone) {
  EXPECT_EQ(clip().encode("A CAT", 77).ids, (Ids{49406, 320, 2368, 49407}));
  EXPECT_FALSE(library_is_open("libcaption_utf8proc.so"));
  EXPECT_EQ(clip().encode("CAF\u00c9", 77).ids, clip().encode("cafe\u0301", 77).ids);
  EXPECT_TRUE(library_is_open("libcaption_utf8proc.so"));
}

TEST(ClipTokenizer, EncodesAsTheReference) {
  EXPECT_EQ(clip().size(), goldens()["size"]);
  ASSERT_GT(goldens()["encode"].size(), 400U);
  for (const auto& golden : goldens()["encode"])
    EXPECT_EQ(clip().encode(golden["text"].get<std::string>(), 77).ids, golden["ids"].get<Ids>())
        << golden["text"];
}

std::string fnv1a(const Ids& ids, std::size_t begin, std::size_t end) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (std::size_t i = begin; i < end; ++i)
    value = (value ^ static_cast<std::uint64_t>(ids[i])) * 0x100000001B3;
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016lx", static_cast<unsigned long>(value));
  return hex;
}

TEST(ClipTokenizer, TakesEveryCodePointAsTheReference) {
  ASSERT_GT(goldens()["blocks"].size(), 20U);
  for (const auto& block : goldens()["blocks"]) {
    std::string text;
    for (const auto& range : block["codes"]) {
      for (std::uint32_t code = range[0]; code <= range[1]; ++code) {
        for (const char before : {'x', '7', '!'}) {
          text.push_back(before);
          append_utf8(code, text);
        }
      }
    }
    const Ids ids = clip().encode(text, 1 << 20).ids;
    EXPECT_EQ(ids.size() - 2, block["tokens"]) << block["codes"][0];
    EXPECT_EQ(fnv1a(ids, 1, ids.size() - 1), block["hash"]) << block["codes"][0];
  }
}

TEST(ClipTokenizer, SaysWhetherATextWasCut) {
  EXPECT_FALSE(clip().encode("one two three", 5).cut);
  const ClipTokens tokens = clip().encode("one two three four", 5);
  EXPECT_TRUE(tokens.cut);
  EXPECT_EQ(tokens.ids, clip().encode("one two three", 5).ids);
}

}  // namespace
}  // namespace caption
