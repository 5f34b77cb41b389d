#include "datasets/image_index.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "caption/error.h"

namespace caption {
namespace {

const std::vector<AnnotatedImage> kImages = {
    {"val2014/COCO_val2014_000000000042.jpg", 42, "", {}, false},
    {"one/a.jpg", std::nullopt, "", {}, false},
    {"two/a.jpg", std::nullopt, "", {}, false},
    {"b.tar.jpg", std::nullopt, "", {}, false},
    {"000000000139.jpg", std::nullopt, "", {}, false},
};

std::optional<std::size_t> find(const std::string& name, std::optional<std::int64_t> id = std::nullopt) {
  return ImageIndex(kImages).find({name, id, "", {}, false});
}

TEST(ImageIndex, ByNumberByPathAndByAsMuchOfItsEndAsIsNeeded) {
  EXPECT_EQ(find("42", 42), 0U);
  EXPECT_EQ(find("/photos/COCO_val2014_000000000042.jpg"), 0U);
  EXPECT_EQ(find("elsewhere/000000000042.png"), 0U);
  EXPECT_EQ(find("139", 139), 4U);
  EXPECT_EQ(find("/data/two/a.jpg"), 2U);
  EXPECT_EQ(find("one/a.png"), 1U);
  EXPECT_EQ(find("b.tar"), 3U);
}

TEST(ImageIndex, WhatIsNotThereIsNotGuessed) {
  EXPECT_EQ(find("c.jpg"), std::nullopt);
  EXPECT_EQ(find("IMG_42.jpg"), std::nullopt);
  EXPECT_EQ(find("7", 7), std::nullopt);
}

TEST(ImageIndex, SeveralThatFitAreAnError) {
  EXPECT_THROW(find("a.jpg"), Error);
  EXPECT_THROW(find("three/a.jpg"), Error);
}

}  // namespace
}  // namespace caption
