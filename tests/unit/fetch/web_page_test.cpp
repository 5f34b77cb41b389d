#include "fetch/web_page.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

constexpr const char* kFrom = "https://drive.example/uc?export=download&id=1";

TEST(WebPage, IsToldByItsBeginning) {
  for (const char* text : {"<!DOCTYPE html><html>", "\xEF\xBB\xBF  <html lang=de>", "\n<!-- x -->", "<head>"})
    EXPECT_TRUE(looks_like_page(text)) << text;
  for (const char* text : {"PK\x03\x04", "", "\x80\x02", "<", "{\"a\": 1}", "<?xml version=\"1.0\"?>"})
    EXPECT_FALSE(looks_like_page(text)) << text;
}

TEST(WebPage, TheFormThatAsks) {
  const WebPage page = read_page(
      R"(<html><title>Google Drive - Virus scan warning</title><form action="/search"><input type="hidden" name="q" value="no"></form>
<form id="download-form" action="https://content.example/download" method="get">
<input type="submit" id="uc-download-link" value="Download anyway"/><input type="hidden" name="id" value="a b&amp;c">
<input type='hidden' name='confirm' value='t'></form><input type="hidden" name="behind" value="no"></html>)",
      kFrom);
  EXPECT_EQ(page.kind, WebPage::Kind::confirmation);
  EXPECT_EQ(page.next, "https://content.example/download?id=a%20b%26c&confirm=t");
}

TEST(WebPage, AFormWithItsQuestionInTheAddress) {
  const WebPage page = read_page(
      R"(<form id="downloadForm" action="https://drive.example/uc?id=1&amp;confirm=t" method="post">
<input type="hidden" name="uuid" value="x"></form>)",
      kFrom);
  EXPECT_EQ(page.next, "https://drive.example/uc?id=1&confirm=t&uuid=x");
}

TEST(WebPage, TheLinkThatAsked) {
  const WebPage page = read_page(
      R"(<a id="uc-download-link" class="x" href="/uc?export=download&amp;confirm=Ab1&amp;id=1">yes</a>)",
      kFrom);
  EXPECT_EQ(page.kind, WebPage::Kind::confirmation);
  EXPECT_EQ(page.next, "https://drive.example/uc?export=download&confirm=Ab1&id=1");
}

TEST(WebPage, QuotaBeforeForms) {
  EXPECT_EQ(
      read_page("<title>Google Drive - Quota exceeded</title><form id='download-form' action='/x'></form>",
                kFrom)
          .kind,
      WebPage::Kind::quota);
}

TEST(WebPage, SignInAndOthers) {
  EXPECT_EQ(read_page("<a href='https://accounts.google.com/x'>", kFrom).kind, WebPage::Kind::sign_in);
  const WebPage other = read_page("<html><TITLE lang=en>It&#39;s &lt;down&gt;</TITLE>", kFrom);
  EXPECT_EQ(other.kind, WebPage::Kind::other);
  EXPECT_EQ(other.title, "It's <down>");
  for (const char* broken :
       {"", "<title", "<title>", "<form", "<form id=\"download\"", "<form id=\"download\" action=\""})
    EXPECT_EQ(read_page(broken, kFrom).kind, WebPage::Kind::other) << broken;
}

}  // namespace
}  // namespace caption
