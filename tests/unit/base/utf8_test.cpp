#include "base/utf8.h"

#include <gtest/gtest.h>

#include "caption/error.h"

namespace caption {
namespace {

using namespace std::string_literals;

/// With "?" for each U+FFFD.
std::string marked(const std::string& bytes) {
  const std::string text = replace_invalid_utf8(bytes);
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool replacement = text.compare(at, 3, "\xEF\xBF\xBD") == 0;
    result.push_back(replacement ? '?' : text[at]);
    if (replacement) at += 2;
  }
  return result;
}

TEST(Utf8, KeepsWhatIsValid) {
  const std::string text =
      "a\0\x7F \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"s;
  EXPECT_EQ(replace_invalid_utf8(text), text);
  EXPECT_NO_THROW(require_utf8(text));
}

// Each expectation is what bytes.decode("utf-8", "replace") of Python 3 gives, with "?" for U+FFFD.
TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(marked("\x80"), "?");
  EXPECT_EQ(marked("a\xBF\xBF z"), "a?? z");
  EXPECT_EQ(marked("\xC0\xAF"), "??");  // overlong
  EXPECT_EQ(marked("\xC1\x81"), "??");
  EXPECT_EQ(marked("\xC3"), "?");  // cut off
  EXPECT_EQ(marked("\xC3x"), "?x");
  EXPECT_EQ(marked("\xE2\x82"), "?");  // one subpart of two bytes
  EXPECT_EQ(marked("\xE2\x82x"), "?x");
  EXPECT_EQ(marked("\xE2\x82\xE2\x82"), "??");
  EXPECT_EQ(marked("\xE0\x9F\xBF"), "???");  // overlong: the second byte does not belong
  EXPECT_EQ(marked("\xED\xA0\x80"), "???");  // a surrogate
  EXPECT_EQ(marked("\xF0\x8F\xBF\xBF"), "????");
  EXPECT_EQ(marked("\xF0\x9F\x98"), "?");
  EXPECT_EQ(marked("\xF0\x9F\x98z"), "?z");
  EXPECT_EQ(marked("\xF4\x90\x80\x80"), "????");  // above U+10FFFF
  EXPECT_EQ(marked("\xF5\x80\xFE\xFF"), "????");
  EXPECT_EQ(marked("\xF1\x80\x80\xC3\xA9"), "?\xC3\xA9");
}

TEST(Utf8, TellsWhereTextIsNotUtf8) {
  try {
    require_utf8("abc\xE2\x82");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "text to encode is not UTF-8: invalid byte 0xE2 at offset 3");
  }
}

TEST(Utf8, CodePointsComeBackAsTheyWereAppended) {
  for (const char32_t point :
       {0U, 0x41U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    std::string text;
    append_utf8(point, text);
    const CodePoint found = code_point_at(text, 0);
    EXPECT_TRUE(found.valid && is_utf8(text));
    EXPECT_EQ(found.value, point);
    EXPECT_EQ(found.bytes, text.size());
  }
  for (const char32_t none : {0xD800U, 0xDFFFU, 0x110000U}) {
    std::string text;
    append_utf8(none, text);
    EXPECT_EQ(text, "\xEF\xBF\xBD");
  }
  EXPECT_FALSE(is_utf8("a\xE9"));
}

}  // namespace
}  // namespace caption
