#include "base/base64.h"

#include <gtest/gtest.h>

namespace caption {
namespace {

std::optional<std::string> decoded(std::string_view text) {
  const std::optional<std::vector<std::byte>> bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

/// The vectors of RFC 4648, section 10.
TEST(Base64, TheVectorsOfTheStandardBothWays) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64(std::as_bytes(std::span(bytes))), text);
    EXPECT_EQ(decoded(text), bytes);
    EXPECT_EQ(decoded(text.substr(0, text.find('='))), bytes);
  }
}

TEST(Base64, AllBytesComeBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(decoded(base64(std::as_bytes(std::span(all)))), all);
}

TEST(Base64, WhatIsNoneIsNothing) {
  for (const char* text :
       {"Z", "Zg=", "Zg===", "=", "Z===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9v", "Zm-_", "Zg==Zg=="})
    EXPECT_EQ(decoded(text), std::nullopt) << text;
}

}  // namespace
}  // namespace caption
