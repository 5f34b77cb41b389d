#include "inputs/selection.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace caption {
namespace {

TEST(PatternsTest, WithoutAnyAllIsTaken) {
  EXPECT_TRUE(Patterns().takes_file("a/b.jpg"));
  EXPECT_TRUE(Patterns().enters("a"));
}

TEST(PatternsTest, APatternIsForTheNameAndOneWithASlashForThePath) {
  const Patterns patterns = {{"*.jpg", "raw/*.png"}, {"IMG_?.jpg", "[xy]", "a/b/*"}};
  EXPECT_TRUE(patterns.takes_file("a/c.jpg"));
  EXPECT_FALSE(patterns.takes_file("a/c.jpeg"));
  EXPECT_TRUE(patterns.takes_file("raw/deep/c.png"));
  EXPECT_FALSE(patterns.takes_file("cooked/c.png"));
  EXPECT_FALSE(patterns.takes_file("a/IMG_1.jpg"));
  EXPECT_TRUE(patterns.takes_file("a/IMG_12.jpg"));
  EXPECT_FALSE(patterns.takes_file("a/b/c/d.jpg"));
  EXPECT_FALSE(patterns.enters("deep/x"));
  EXPECT_TRUE(patterns.enters("deep/z"));
  EXPECT_TRUE(patterns.enters("raw"));  // "include" is for files
}

/// By a few lines of Python.
TEST(ShardTest, AnInputsPartDependsOnItsNameAlone) {
  const std::array<std::pair<const char*, std::uint64_t>, 4> expected = {
      {{"a.jpg", 4}, {"photos/b.jpg", 1}, {"", 7}, {"\xff.jpg", 6}}};
  for (const auto& [name, index] : expected) {
    for (std::uint64_t i = 1; i <= 7; ++i) EXPECT_EQ((Shard{i, 7}.takes(name)), i == index) << name << i;
  }
}

TEST(ShardTest, PartsAreAboutAsLarge) {
  std::array<int, 8> sizes{};
  for (int i = 0; i < 8000; ++i) {
    const std::string name = "photos/IMG_" + std::to_string(i) + ".jpg";
    for (std::uint64_t index = 1; index <= sizes.size(); ++index)
      sizes.at(index - 1) += Shard{index, sizes.size()}.takes(name) ? 1 : 0;
  }
  int all = 0;
  for (const int size : sizes) {
    EXPECT_NEAR(size, 1000, 120);
    all += size;
  }
  EXPECT_EQ(all, 8000);
}

TEST(ShardTest, OnePartIsAll) {
  EXPECT_TRUE(Shard().takes("a"));
}

}  // namespace
}  // namespace caption
