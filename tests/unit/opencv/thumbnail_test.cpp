#include "opencv/thumbnail.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "caption/error.h"
#include "image/opencv_library.h"

namespace caption {
namespace {

/// Left third red, middle green, right third blue: what is where survives JPEG.
RgbImage flag(int width, int height) {
  RgbImage image{width, height, {}};
  for (int i = 0; i < width * height; ++i) {
    const int third = i % width * 3 / width;
    for (int c = 0; c < 3; ++c) image.data.push_back(c == third ? 220 : 20);
  }
  return image;
}

/// Reads a JPEG back.
RgbImage read(const std::vector<std::byte>& jpeg) {
  return decode_image(jpeg, {}, decode_by_opencv);
}

/// Which third of `flag` has the colour of this pixel; -1 if none has.
int third_at(const RgbImage& image, int x, int y) {
  const std::uint8_t* pixel = image.data.data() + (y * image.width + x) * 3;
  for (int third = 0; third < 3; ++third) {
    bool same = true;
    for (int c = 0; c < 3; ++c) same = same && std::abs(pixel[c] - (c == third ? 220 : 20)) < 40;
    if (same) return third;
  }
  return -1;
}

TEST(Thumbnail, HasTheWholePictureInItsProportions) {
  for (const auto& [width, height, small_width, small_height] :
       {std::array{900, 600, 300, 200}, {600, 1200, 150, 300}, {300, 300, 300, 300}, {9000, 3, 300, 1}}) {
    const RgbImage small = read(encode_thumbnail(flag(width, height), 300));
    EXPECT_EQ(small.width, small_width);
    EXPECT_EQ(small.height, small_height);
    EXPECT_EQ(third_at(small, small_width / 6, small_height / 2), 0);
    EXPECT_EQ(third_at(small, small_width / 2, small_height / 2), 1);
    EXPECT_EQ(third_at(small, small_width * 5 / 6, small_height / 2), 2);
  }
}

TEST(Thumbnail, IsNeverEnlarged) {
  const RgbImage small = read(encode_thumbnail(flag(30, 20), 300));
  EXPECT_EQ(small.width, 30);
  EXPECT_EQ(small.height, 20);
  EXPECT_EQ(read(encode_thumbnail(flag(1, 1), 300)).width, 1);
}

TEST(Thumbnail, IsSmall) {
  EXPECT_LT(encode_thumbnail(flag(2000, 1500), 320).size(), 16000U);
}

TEST(Square, IsTheMiddleOfThePicture) {
  const RgbImage square = read(encode_square(flag(900, 300), 100));
  ASSERT_EQ(square.width, 100);
  ASSERT_EQ(square.height, 100);
  for (const int x : {3, 50, 96}) EXPECT_EQ(third_at(square, x, 50), 1) << x;
  EXPECT_EQ(read(encode_square(flag(90, 30), 100)).width, 30);
  EXPECT_EQ(third_at(read(encode_square(flag(300, 900), 100)), 5, 50), 0);
}

TEST(Thumbnail, RefusesEmptySizes) {
  EXPECT_THROW(encode_thumbnail(flag(3, 3), 0), Error);
  EXPECT_THROW(encode_thumbnail(RgbImage{}, 10), Error);
  EXPECT_THROW(encode_square(flag(3, 3), 0), Error);
  EXPECT_THROW(encode_square(RgbImage{}, 10), Error);
}

}  // namespace
}  // namespace caption
