#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "caption/error.h"
#include "golden.h"
#include "image/open_modules.h"

namespace caption {
namespace {

RgbImage decode(const std::string& name) {
  return caption::decode(read_bytes(image_data(name)), {});
}

TEST(Decode, EqualsPillow) {
  const auto table = read_table("decode.txt");
  ASSERT_GE(table.size(), 70U);
  for (const auto& row : table) {
    const RgbImage image = decode(row[0]);
    EXPECT_EQ(image.width, std::stoi(row[1])) << row[0];
    EXPECT_EQ(image.height, std::stoi(row[2])) << row[0];
    EXPECT_EQ(fnv1a(image.data), row[3]) << row[0];
  }
}

TEST(Decode, OrientationsOfALosslessFileShowTheSamePicture) {
  const RgbImage upright = decode("orientation1.png");
  const RgbImage half_turn = decode("orientation3.png");
  const RgbImage right = decode("orientation6.png");
  ASSERT_EQ(right.width, upright.height);
  const auto pixel = [](const RgbImage& image, int x, int y) {
    const auto at = static_cast<std::size_t>((y * image.width + x) * 3);
    return std::vector<std::uint8_t>(image.data.begin() + static_cast<std::ptrdiff_t>(at),
                                     image.data.begin() + static_cast<std::ptrdiff_t>(at + 3));
  };
  for (int y = 0; y < upright.height; ++y) {
    for (int x = 0; x < upright.width; ++x) {
      ASSERT_EQ(pixel(upright, x, y), pixel(half_turn, upright.width - 1 - x, upright.height - 1 - y));
      ASSERT_EQ(pixel(upright, x, y), pixel(right, upright.height - 1 - y, x));
    }
  }
}

/// `file` with a JPEG segment right behind its first marker.
std::vector<std::byte> with_segment(std::vector<std::byte> file, const std::string& content) {
  const std::size_t length = content.size() + 2;
  std::string segment = {'\xFF', '\xE1', static_cast<char>(length >> 8U), static_cast<char>(length & 0xFFU)};
  segment += content;
  std::vector<std::byte> bytes;
  for (const char c : segment) bytes.push_back(static_cast<std::byte>(c));
  file.insert(file.begin() + 2, bytes.begin(), bytes.end());
  return file;
}

TEST(Decode, XmpTurnsAPictureWhereExifSaysNothing) {
  const std::string xmp("http://ns.adobe.com/xap/1.0/\0", 29);
  const std::vector<std::byte> plain = read_bytes(image_data("grey.jpg"));
  const std::vector<std::byte> tagged = read_bytes(image_data("orientation1.jpg"));
  const auto size = [](const std::vector<std::byte>& file) {
    const RgbImage image = caption::decode(file, {});
    return std::pair(image.width, image.height);
  };
  const auto [width, height] = size(plain);
  ASSERT_NE(width, height);
  const std::pair upright{width, height};
  const std::pair turned{height, width};
  EXPECT_EQ(size(with_segment(plain, xmp + "<x tiff:Orientation=\"6\"/>")), turned);
  EXPECT_EQ(size(with_segment(plain, xmp + "<tiff:Orientation>8</tiff:Orientation>")), turned);
  EXPECT_EQ(size(with_segment(plain, xmp + "tiff:Orientation tiff:Orientation=\"5\"")), turned);
  EXPECT_EQ(size(with_segment(plain, xmp + "<x tiff:Orientation=\"9\"/>")), upright);
  EXPECT_EQ(size(with_segment(plain, xmp + "<x tiff:Orientation=\"")), upright);
  EXPECT_EQ(size(with_segment(plain, "http://elsewhere/<x tiff:Orientation=\"6\"/>")), upright);
  EXPECT_EQ(size(with_segment(tagged, xmp + "<x tiff:Orientation=\"6\"/>")), size(tagged));  // EXIF says 1
}

TEST(Decode, EveryOrientationOfALargePictureIsTurnedUpright) {
  const std::string xmp("http://ns.adobe.com/xap/1.0/\0", 29);
  const std::vector<std::byte> file = read_bytes(image_data("../photos/coffee.jpg"));
  const RgbImage stored = caption::decode(file, {});
  ASSERT_GT(stored.width, stored.height);
  ASSERT_GT(stored.height, 256);
  for (int orientation = 2; orientation <= 8; ++orientation) {
    const std::string tag = "<x tiff:Orientation=\"" + std::to_string(orientation) + "\"/>";
    const RgbImage upright = caption::decode(with_segment(file, xmp + tag), {});
    const bool swapped = orientation >= 5;
    ASSERT_EQ(upright.width, swapped ? stored.height : stored.width);
    // Where EXIF's table says that the stored picture's row 0 and column 0 are.
    const bool row_0_at_end = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const bool column_0_at_end = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    std::size_t wrong = 0;
    for (int row = 0; row < stored.height; ++row) {
      for (int column = 0; column < stored.width; ++column) {
        const int down = row_0_at_end ? stored.height - 1 - row : row;
        const int across = column_0_at_end ? stored.width - 1 - column : column;
        const int at = swapped ? across * upright.width + down : down * upright.width + across;
        const auto* const from = stored.data.data() + std::ptrdiff_t{3} * (row * stored.width + column);
        if (!std::equal(from, from + 3, upright.data.data() + std::ptrdiff_t{3} * at)) ++wrong;
      }
    }
    EXPECT_EQ(wrong, 0U) << orientation;
  }
}

TEST(Decode, AnAnimationsFirstFrameLiesOnItsCanvas) {
  const RgbImage frame = decode("animated.webp");
  std::vector<std::byte> file = read_bytes(image_data("animated.webp"));
  constexpr std::size_t kCanvas = 24;  // of the chunk VP8X, which is the first
  const std::byte tag[] = {std::byte{'A'}, std::byte{'N'}, std::byte{'M'}, std::byte{'F'}};
  const auto anmf = std::search(file.begin(), file.end(), std::begin(tag), std::end(tag));
  file[kCanvas] = std::byte{39};      // 40 wide
  file[kCanvas + 3] = std::byte{25};  // 26 high
  anmf[8] = std::byte{1};             // the frame stands 2 from the left
  const RgbImage image = caption::decode(file, {});
  ASSERT_EQ(image.width, 40);
  ASSERT_EQ(image.height, 26);
  EXPECT_EQ(image.data[3], 255);
  EXPECT_TRUE(
      std::equal(frame.data.begin(), frame.data.begin() + std::ptrdiff_t{37} * 3, image.data.begin() + 6));
  EXPECT_EQ(image.data.back(), 255);
}

TEST(Decode, IsSafeFromSeveralThreads) {
  const auto table = read_table("decode.txt");
  const auto work = [&table](std::vector<std::string>& wrong) {
    for (const auto& row : table) {
      if (fnv1a(decode(row[0]).data) != row[3]) wrong.push_back(row[0]);
    }
  };
  std::vector<std::vector<std::string>> wrong(4);
  {
    std::vector<std::jthread> threads;
    for (auto& list : wrong) threads.emplace_back(work, std::ref(list));
  }
  for (const auto& list : wrong) EXPECT_TRUE(list.empty()) << list.front();
}

/// The photographs of tests/data/photos, each of which has its lines in photos.txt.
TEST(Decode, PhotosEqualPillowToTheLastBit) {
  const auto table = read_table("photos.txt");
  if (table.empty()) GTEST_SKIP() << "no goldens of photographs: run scripts/make_image_goldens.py";
  for (const auto& row : table) {
    const std::string path = std::string(CAPTION_TEST_DATA) + "/photos/" + row[0];
    if (!std::filesystem::exists(path)) continue;
    const RgbImage image = caption::decode(read_bytes(path), {});
    EXPECT_EQ(fnv1a(image.data), row[2]) << row[0];
    PixelFormat format;
    format.resolution = std::stoi(row[1]);
    EXPECT_EQ(fnv1a(to_pixels(image, format).values), row[3]) << row[0] << " R " << row[1];
  }
}

}  // namespace
}  // namespace caption
