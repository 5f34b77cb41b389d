#include <gtest/gtest.h>

#include <string_view>

#include "caption/error.h"
#include "golden.h"
#include "image/open_modules.h"

namespace caption {
namespace {

using FileBytes = std::vector<std::byte>;

FileBytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// "kind: message" of the Error that decoding throws, "" if it throws none.
std::string outcome(std::span<const std::byte> file, const ImageOptions& options = {}) {
  try {
    caption::decode(file, options);
  } catch (const Error& error) {
    return std::string(error_code(error.kind())) + ": " + error.what();
  }
  return "";
}

bool starts_with(const std::string& text, const std::string& start) {
  return text.rfind(start, 0) == 0;
}

void insert(FileBytes& file, std::size_t at, const FileBytes& piece) {
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), piece.begin(), piece.end());
}

class WholeFile : public testing::TestWithParam<const char*> {};

TEST_P(WholeFile, EveryPrefixIsAnError) {
  const std::string_view name = GetParam();
  const FileBytes file = read_bytes(image_data(GetParam()));
  const RgbImage image = caption::decode(file, {});
  // The last row's padding of a BMP is not part of the picture, nor is a JPEG's end marker with the last
  // bits.
  const std::size_t spare = name.ends_with(".bmp") ? 4 : name.ends_with(".jpg") ? 5 : 1;
  for (std::size_t length = file.size() - spare + 1; length < file.size(); ++length) {
    const auto prefix = std::span(file).first(length);
    if (outcome(prefix).empty()) {
      ASSERT_EQ(caption::decode(prefix, {}).data, image.data) << length << " bytes";
    }
  }
  for (std::size_t length = 12; length + spare <= file.size(); ++length) {
    const std::string result = outcome(std::span(file).first(length));
    ASSERT_TRUE(starts_with(result, "corrupt: ")) << length << " of " << file.size() << " bytes: " << result;
  }
}

TEST_P(WholeFile, BytesBehindItDoNoHarm) {
  FileBytes file = read_bytes(image_data(GetParam()));
  const RgbImage image = caption::decode(file, {});
  insert(file, file.size(), bytes_of("\x12\xFF\x01 trailing bytes"));
  EXPECT_EQ(caption::decode(file, {}).data, image.data);
}

INSTANTIATE_TEST_SUITE_P(Formats, WholeFile,
                         testing::Values("subsampling2.jpg", "progressive.jpg", "restart.jpg", "grey.jpg",
                                         "cmyk.jpg", "orientation6.jpg", "rgb.png", "palette_alpha.png",
                                         "lossy.webp", "rgba_lossy.webp", "orientation6.webp",
                                         "animated.webp", "rgb.bmp", "palette.bmp", "rgb.tif",
                                         "orientation6.tif", "palette.tif", "jpeg.tif"));

TEST(Damage, AThumbnailsEndIsNotTheEndOfTheJpeg) {
  FileBytes file = read_bytes(image_data("subsampling0.jpg"));
  const RgbImage image = caption::decode(file, {});
  const FileBytes thumbnail =
      bytes_of(std::string_view("\xFF\xE1\0\x10"
                                "Exif\0\0\xFF\xD8\xFF\xDA\0\0\xFF\xD9",
                                18));
  insert(file, 2, thumbnail);
  EXPECT_EQ(caption::decode(file, {}).data, image.data);
  file.resize(file.size() - 40);
  EXPECT_TRUE(starts_with(outcome(file), "corrupt: truncated JPEG"));
}

TEST(Damage, AJpegWithoutItsEndMarkerIsWhole) {
  for (const char* name : {"subsampling2.jpg", "progressive.jpg", "restart.jpg", "grey.jpg", "cmyk.jpg"}) {
    FileBytes file = read_bytes(image_data(name));
    const RgbImage image = caption::decode(file, {});
    file.resize(file.size() - 2);
    EXPECT_EQ(caption::decode(file, {}).data, image.data) << name;
    EXPECT_FALSE(caption::decode(file, {}).truncated) << name;
  }
}

TEST(Damage, ATruncatedJpegIsReadIfThatIsAccepted) {
  ImageOptions options;
  options.accept_truncated = true;
  for (const char* name : {"subsampling2.jpg", "progressive.jpg", "restart.jpg", "grey.jpg"}) {
    FileBytes file = read_bytes(image_data(name));
    const RgbImage image = caption::decode(file, options);
    EXPECT_FALSE(image.truncated) << name;
    file.resize(file.size() * 17 / 20);
    EXPECT_TRUE(starts_with(outcome(file), "corrupt: truncated JPEG")) << name;
    const RgbImage part = caption::decode(file, options);
    EXPECT_TRUE(part.truncated) << name;
    ASSERT_EQ(part.data.size(), image.data.size()) << name;
    if (std::string_view(name) == "progressive.jpg") continue;  // whose later scans refine all of it
    // What is missing reaches to colours of one pixel before it, where they are subsampled.
    for (std::ptrdiff_t row = 0; row < 8; ++row) {
      const auto from = row * 37 * 3;
      EXPECT_TRUE(std::equal(part.data.begin() + from, part.data.begin() + from + std::ptrdiff_t{31} * 3,
                             image.data.begin() + from))
          << name << " row " << row;
    }
    EXPECT_EQ(part.data.back(), 128) << name;
  }
}

TEST(Damage, AWrongChecksumIsAnError) {
  FileBytes file = read_bytes(image_data("rgb.png"));
  file[file.size() / 2] ^= std::byte{1};
  EXPECT_EQ(outcome(file), "corrupt: damaged PNG: a chunk's checksum is wrong");
}

TEST(Damage, AWrongChecksumOfAChunkThatNobodyNeedsCostsNoPicture) {
  const FileBytes whole = read_bytes(image_data("rgb.png"));
  const RgbImage image = caption::decode(whole, {});
  constexpr std::size_t kBehindHeader = 8 + 25;
  constexpr std::size_t kEnd = 12;
  for (const char* type : {"tEXt", "iCCP", "gAMA", "prVt"}) {
    const FileBytes chunk = bytes_of(std::string("\0\0\0\2", 4) + type + "abcrc!");
    for (const std::size_t at : {kBehindHeader, whole.size() - kEnd}) {
      FileBytes file = whole;
      insert(file, at, chunk);
      EXPECT_EQ(caption::decode(file, {}).data, image.data) << type;
    }
  }
  for (const char* type : {"tRNS", "eXIf", "NEED"}) {
    FileBytes file = whole;
    insert(file, kBehindHeader, bytes_of(std::string("\0\0\0\2", 4) + type + "abcrc!"));
    EXPECT_EQ(outcome(file), "corrupt: damaged PNG: a chunk's checksum is wrong") << type;
  }
}

TEST(Damage, ACutTiffIsCalledTruncated) {
  const FileBytes file = read_bytes(image_data("rgb.tif"));
  EXPECT_TRUE(starts_with(outcome(std::span(file).first(file.size() - 1)), "corrupt: truncated TIFF"));
}

TEST(Damage, NothingButTheErrorIsSaid) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int errors = 0;
  for (const char* name : {"rgba.webp", "lossy.webp", "jpeg.tif", "orientation1.tif", "palette.bmp"}) {
    const FileBytes file = read_bytes(image_data(name));
    for (std::size_t at = 12; at < file.size(); ++at) {
      FileBytes damaged = file;
      damaged[at] = ~damaged[at];
      errors += outcome(damaged).empty() ? 0 : 1;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(errors, 100);
}

TEST(Limits, TheMessageNamesSizeLimitAndOption) {
  ImageOptions options;
  options.max_megapixels = 0.0008;  // the pictures have 851 pixels
  for (const char* name : {"grey.jpg", "rgb.png", "lossy.webp", "animated.webp", "rgb.bmp", "rgb.tif"}) {
    const std::string result = outcome(read_bytes(image_data(name)), options);
    EXPECT_TRUE(starts_with(result, "too_large: the image has 37x23 pixels")) << name << ": " << result;
    EXPECT_NE(result.find("0.0008 megapixels"), std::string::npos) << result;
    EXPECT_NE(result.find("max-megapixels"), std::string::npos) << result;
  }
}

TEST(Limits, AHeaderIsEnoughToRefuse) {
  // A BMP header of 40000 x 30000 pixels without any pixels.
  const std::string_view header(
      "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\x9C\0\0\x30\x75\0\0\x01\0\x18\0\0\0\0\0"
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
      54);
  EXPECT_TRUE(
      starts_with(outcome(bytes_of(header)), "too_large: the image has 40000x30000 pixels (1200.0 mega"));
  ImageOptions options;
  options.max_megapixels = 1e6;
  EXPECT_NE(outcome(bytes_of(header), options).find("max-megapixels cannot raise"), std::string::npos);
}

TEST(Formats, WhatIsNotAcceptedIsNamed) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"%PDF-1.7", "PDF"},
      {"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- x -->\n<svg>", "SVG"},
      {"\n <!DOCTYPE html><html>", "HTML"},
      {std::string_view("II\x2B\0\x08\0\0\0", 8), "BigTIFF"},
      {std::string_view("\0\0\0\x1C"
                        "ftypisom",
                        12),
       "MP4 or QuickTime"},
  };
  for (const auto& [bytes, name] : cases) {
    const std::string result = outcome(bytes_of(bytes));
    EXPECT_TRUE(starts_with(result, "unsupported_format: the format is " + name)) << name << ": " << result;
    EXPECT_NE(result.find("convert it to"), std::string::npos) << result;
  }
  EXPECT_EQ(outcome({}), "unsupported_format: the file is empty");
  EXPECT_NE(outcome(bytes_of("hel\x01lo")).find("68 65 6c 01 6c 6f"), std::string::npos);
}

TEST(Formats, WhatAFailedDownloadLeftIsNamed) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
       "a git-lfs pointer in the place of"},
      {"{\"error\": \"rate limited\"}",
       "JSON, perhaps an error message saved under an image's name: '{\"error\""},
      {"[]", "JSON"},
      {"404: Not Found\n", "text, perhaps an error message saved under an image's name: '404: Not Found '"},
      {"/9j/4AAQSkZJRgABAQAAAQABAAD", "a JPEG in base64"},
      {"iVBORw0KGgoAAAANSUhEUg", "a PNG in base64"},
      {"data:image/jpeg;base64,/9j/4AAQ", "a data URL"},
      {std::string_view("\0\x05\x16\x07\0\x02\0\0Mac OS X", 16), "what macOS keeps beside a file"},
  };
  for (const auto& [bytes, what] : cases)
    EXPECT_TRUE(starts_with(outcome(bytes_of(bytes)), "unsupported_format: the file is " + what))
        << outcome(bytes_of(bytes));
  const std::string cafe(600, 'x');  // cut inside of a character
  EXPECT_TRUE(starts_with(outcome(bytes_of(cafe.substr(0, 511) + "\xC3\xA9 and more")),
                          "unsupported_format: the file is text"));
}

/// A TIFF of one directory: entries of one 32-bit value each, as (tag, value).
std::string tiff_of(std::initializer_list<std::pair<int, int>> entries, const std::string& at8 = {}) {
  std::string file("II\x2A\0", 4);
  const auto add = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file += static_cast<char>(value >> 8 * i & 0xFFU);
  };
  add(static_cast<std::uint32_t>(8 + at8.size()), 4);
  file += at8;
  add(static_cast<std::uint32_t>(entries.size()), 2);
  for (const auto& [tag, value] : entries) {
    add(static_cast<std::uint32_t>(tag), 2);
    add(4, 2);
    add(1, 4);
    add(static_cast<std::uint32_t>(value), 4);
  }
  add(0, 4);
  return file;
}

TEST(Formats, ACamerasRawDataIsNamedAndNotItsPreviewCaptioned) {
  const std::string raw = "unsupported_format: the file is a camera's raw data without a preview";
  EXPECT_TRUE(starts_with(outcome(bytes_of(tiff_of({{254, 1}, {256, 160}, {257, 120}, {330, 8}}))), raw));
  EXPECT_TRUE(starts_with(outcome(bytes_of(tiff_of({{256, 160}, {257, 120}, {50706, 1025}}))), raw));
  EXPECT_TRUE(
      starts_with(outcome(bytes_of(tiff_of({{256, 160}, {257, 120}}, std::string("CR\x02\0", 4)))), raw));
  EXPECT_FALSE(starts_with(outcome(bytes_of(tiff_of({{254, 1}, {256, 160}, {257, 120}}))), raw));
  const std::string damaged = "corrupt: damaged camera raw file";
  EXPECT_TRUE(starts_with(outcome(bytes_of("FUJIFILMCCD-RAW 0201")), damaged));
  EXPECT_TRUE(starts_with(outcome(bytes_of(std::string_view("\0\0\0\x14"
                                                            "ftypcrx \0\0\0\1crx \0\0\0\xFFmoov",
                                                            28))),
                          damaged));
}

}  // namespace
}  // namespace caption
