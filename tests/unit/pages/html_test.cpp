#include "pages/html.h"

#include <gtest/gtest.h>

#include "caption/error.h"

namespace caption {
namespace {

std::string uri(std::string_view text) {
  return data_uri("text/plain", std::as_bytes(std::span(text)));
}

TEST(Html, EscapesWhatHasAMeaning) {
  EXPECT_EQ(escape_html("<a href=\"x\" onclick='y'>&amp;"),
            "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(escape_html("plain, \xC3\xA9\n\t"), "plain, \xC3\xA9\n\t");
  EXPECT_EQ(escape_html(""), "");
}

TEST(Html, ReplacesWhatIsNoText) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(escape_html("caf\xE9<"), "caf" + replacement + "&lt;");
  // The start of a sequence does not swallow the quote after it.
  EXPECT_EQ(escape_html("\xF0\x9F\"x"), replacement + "&quot;x");
  EXPECT_EQ(escape_html(std::string_view("\0\r\x1b\x7f", 4)),
            replacement + replacement + replacement + replacement);
}

TEST(Html, TextsAreEscapedAndMarkupIsNot) {
  const Html html = Html::markup("<b>") + "a < b" + Html::markup("</b>");
  EXPECT_EQ(html.text(), "<b>a &lt; b</b>");
}

TEST(Html, TemplatesAreFilled) {
  const Html inner = fill("<i>{{x}}</i>", {{"x", "&"}});
  EXPECT_EQ(fill("{{a}}<p id=\"{{b}}\">{{a}}</p>", {{"a", inner}, {"b", "\"{{a}}\""}}).text(),
            "<i>&amp;</i><p id=\"&quot;{{a}}&quot;\"><i>&amp;</i></p>");
  EXPECT_EQ(fill("", {}).text(), "");
}

TEST(Html, ATemplateAndItsValuesMustFit) {
  EXPECT_THROW(fill("{{a}}{{b}}", {{"a", "1"}}), Error);
  EXPECT_THROW(fill("{{a}}", {{"a", "1"}, {"b", "2"}}), Error);
}

TEST(Html, DataUris) {
  EXPECT_EQ(uri(""), "data:text/plain;base64,");
  EXPECT_EQ(uri("f"), "data:text/plain;base64,Zg==");
  EXPECT_EQ(uri("fo"), "data:text/plain;base64,Zm8=");
  EXPECT_EQ(uri("foo"), "data:text/plain;base64,Zm9v");
  EXPECT_EQ(uri("\xFB\xEF\xBE\xFF"), "data:text/plain;base64,++++/w==");
}

TEST(Html, TheHeadNamesItsPartsInThePolicy) {
  // printf 'x' | openssl dgst -sha256 -binary | base64
  const Asset extra = {"x", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"};
  const std::string head = page_head({"<t>", {}, {extra}}).text();
  EXPECT_NE(head.find("<title>&lt;t&gt;</title>"), std::string::npos);
  EXPECT_NE(head.find("<script>x</script>"), std::string::npos);
  EXPECT_NE(head.find(" 'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='\""), std::string::npos);
  EXPECT_NE(head.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(head.find("unsafe-inline"), std::string::npos);
  EXPECT_TRUE(head.ends_with("<body>\n"));
}

}  // namespace
}  // namespace caption
