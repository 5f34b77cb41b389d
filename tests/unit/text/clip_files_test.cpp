#include <gtest/gtest.h>

#include <string>

#include "caption/error.h"
#include "scratch_file.h"
#include "text/clip_tokenizer.h"

namespace caption {
namespace {

std::string refusal(const std::string& merges) {
  const ScratchFile file(merges);
  try {
    const ClipTokenizer tokenizer(file.path());
    return "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(ClipFiles, HaveATokenForEachByteAndEachMerge) {
  const ScratchFile file("#version: 0.2\ni n\nin g</w>\n");
  const ClipTokenizer tokenizer(file.path());
  EXPECT_EQ(tokenizer.size(), 2 * 256 + 2 + 2);
  EXPECT_EQ(tokenizer.encode("Ing in", 9).ids,
            (std::vector<std::int32_t>{tokenizer.start(), 513, 'i' - '!', 256 + 'n' - '!', tokenizer.end()}));
}

TEST(ClipFiles, AreRefusedByTheirLine) {
  EXPECT_HAS(refusal("#version: 0.2\ni n\nin\n"), "line 3: expected two tokens with a space between them");
  EXPECT_HAS(refusal("i n\nqu x\n"), "line 2: \"qu\" is made by no line before");
  EXPECT_HAS(refusal("i n\ni n\n"), "line 2: \"in\" is there already");
  EXPECT_HAS(refusal("i n\n\nt h\n"), "line 2: expected two tokens");
  EXPECT_THROW(ClipTokenizer("/nowhere/merges.txt"), Error);
}

TEST(ClipFiles, TextMustBeUtf8) {
  const ScratchFile file("i n\n");
  EXPECT_THROW(ClipTokenizer(file.path()).encode("a\xFF", 9), Error);
}

}  // namespace
}  // namespace caption
