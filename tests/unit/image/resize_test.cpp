#include <gtest/gtest.h>

#include "caption/error.h"
#include "golden.h"
#include "image/resample.h"

namespace caption {
namespace {

void expect_pillows(const char* goldens, Resample resample) {
  const auto table = read_table(goldens);
  ASSERT_GE(table.size(), 40U);
  for (const auto& row : table) {
    const RgbImage image = pattern(row[0], std::stoi(row[1]), std::stoi(row[2]));
    const int width = std::stoi(row[3]);
    const int height = std::stoi(row[4]);
    const RgbImage resized = resize_region(image, {width, 0, width}, {height, 0, height}, resample);
    EXPECT_EQ(fnv1a(resized.data), row[5])
        << row[0] << " " << row[1] << "x" << row[2] << " -> " << row[3] << "x" << row[4];
  }
}

TEST(Resize, EqualsPillowBitForBit) {
  expect_pillows("resize.txt", Resample::bicubic);
  expect_pillows("bilinear.txt", Resample::bilinear);
}

TEST(Resize, ToItsOwnSizeChangesNothing) {
  const RgbImage image = pattern("noise", 19, 11);
  EXPECT_EQ(resize_bicubic(image, 19, 11).data, image.data);
}

TEST(Resize, RegionIsThatPartOfTheWhole) {
  const RgbImage image = pattern("noise", 61, 47);
  for (const auto& [width, height] : {std::pair{30, 23}, {61, 90}, {100, 47}, {61, 47}, {122, 94}}) {
    const RgbImage whole = resize_bicubic(image, width, height);
    const RgbImage part = resize_region(image, {width, 7, 13}, {height, 5, 17});
    ASSERT_EQ(part.width, 13);
    ASSERT_EQ(part.height, 17);
    for (int y = 0; y < 17; ++y) {
      for (int i = 0; i < 13 * 3; ++i) {
        ASSERT_EQ(part.data[static_cast<std::size_t>(y * 13 * 3 + i)],
                  whole.data[static_cast<std::size_t>(((y + 5) * width + 7) * 3 + i)])
            << width << "x" << height;
      }
    }
  }
}

TEST(Resize, RefusesEmptySizes) {
  EXPECT_THROW(resize_bicubic(pattern("noise", 3, 3), 0, 3), Error);
  EXPECT_THROW(resize_bicubic(RgbImage{}, 3, 3), Error);
}

TEST(Pixels, EqualTorchvisionBitForBit) {
  const auto table = read_table("pixels.txt");
  ASSERT_GE(table.size(), 30U);
  for (const auto& row : table) {
    PixelFormat format;
    format.resolution = std::stoi(row[3]);
    const Pixels pixels = to_pixels(pattern(row[0], std::stoi(row[1]), std::stoi(row[2])), format);
    EXPECT_EQ(pixels.resolution, format.resolution);
    EXPECT_EQ(fnv1a(pixels.values), row[4]) << row[0] << " " << row[1] << "x" << row[2] << " R " << row[3];
  }
}

TEST(Pixels, OfAHairlineNeedNoHugeIntermediate) {
  // One row of 20 million pixels becomes 4.5 thousand million across; only the middle 224 are made.
  RgbImage line{20'000'000, 1, {}};
  line.data.assign(60'000'000, 200);
  PixelFormat format;
  format.resolution = 224;
  const Pixels pixels = to_pixels(line, format);
  const float expected = (200.0F / 255.0F - format.mean[0]) / format.std[0];
  EXPECT_EQ(pixels.values.front(), expected);
  EXPECT_EQ(pixels.values[224 * 224 - 1], expected);
}

TEST(Pixels, RefuseEmptySizes) {
  PixelFormat format;
  EXPECT_THROW(to_pixels(pattern("noise", 3, 3), format), Error);
  format.resolution = 8;
  EXPECT_THROW(to_pixels(RgbImage{}, format), Error);
}

}  // namespace
}  // namespace caption
