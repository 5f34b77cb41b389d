#include "base/crc32.h"

#include <gtest/gtest.h>

#include <string_view>

namespace caption {
namespace {

std::uint32_t crc_of(std::string_view text) {
  return crc32(std::as_bytes(std::span(text)));
}

TEST(Crc32, PublishedValues) {
  EXPECT_EQ(crc_of(""), 0U);
  EXPECT_EQ(crc_of("123456789"), 0xCBF43926U);  // the check value of the catalogues
  EXPECT_EQ(crc_of("IEND"), 0xAE426082U);       // at the end of every PNG
  EXPECT_EQ(crc_of("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

}  // namespace
}  // namespace caption
