#include "fetch/address.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

TEST(Address, Parts) {
  const std::string address = "https://host.example:8443/folder/file.pt?download=true#top";
  EXPECT_EQ(server_of(address), "https://host.example:8443");
  EXPECT_EQ(host_of(address), "host.example:8443");
  EXPECT_EQ(file_name_of(address), "file.pt");
  EXPECT_EQ(file_name_of("https://host/folder/"), "");
  EXPECT_EQ(file_name_of("https://host?file.pt"), "");
  EXPECT_EQ(host_of("http://user:secret@host/x"), "host");
  EXPECT_EQ(host_of("/a/file"), "");
  EXPECT_EQ(server_of("ftp://host/file"), "");
  EXPECT_TRUE(is_web_address("http://x") && is_web_address("https://x"));
  EXPECT_FALSE(is_web_address("ftp://x") || is_web_address("httpx"));
}

TEST(Address, Encryption) {
  EXPECT_TRUE(loses_encryption("https://a", "http://a"));
  EXPECT_FALSE(loses_encryption("https://a", "https://b"));
  EXPECT_FALSE(loses_encryption("http://a", "http://b"));
  EXPECT_FALSE(loses_encryption("http://a", "https://b"));
}

TEST(Address, LinksOfAPage) {
  const std::string page = "https://host/folder/page?q=/x";
  EXPECT_EQ(resolve_link(page, "http://other/y"), "http://other/y");
  EXPECT_EQ(resolve_link(page, "//other/y"), "https://other/y");
  EXPECT_EQ(resolve_link(page, "/y?z=1"), "https://host/y?z=1");
  EXPECT_EQ(resolve_link(page, "y"), "https://host/folder/y");
  EXPECT_EQ(resolve_link("https://host", "y"), "https://host/y");
}

}  // namespace
}  // namespace caption
