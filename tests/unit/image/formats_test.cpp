#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "golden.h"
#include "image/open_modules.h"

// Formats that have a reader or a library of their own. The modules are opened as the program opens them.

namespace caption {
namespace {

using FileBytes = std::vector<std::byte>;

std::string data(const std::string& name) {
  return std::string(CAPTION_TEST_DATA) + "/formats/" + name;
}

std::string outcome(std::span<const std::byte> file, const ImageOptions& options = {}) {
  try {
    decode(file, options);
  } catch (const Error& error) {
    return std::string(error_code(error.kind())) + ": " + error.what();
  }
  return "";
}

int largest_difference(const std::vector<std::uint8_t>& got, std::span<const std::byte> expected) {
  if (got.size() != expected.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < got.size(); ++i)
    largest = std::max(largest, std::abs(got[i] - static_cast<int>(expected[i])));
  return largest;
}

TEST(Formats, EqualPillow) {
  const auto table = read_table("../formats/decode.txt");
  ASSERT_GE(table.size(), 90U);
  for (const auto& row : table) {
    SCOPED_TRACE(row[0]);
    RgbImage image;
    try {
      image = decode(read_bytes(data(row[0])), {});
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
      continue;
    }
    EXPECT_EQ(image.width, std::stoi(row[1]));
    EXPECT_EQ(image.height, std::stoi(row[2]));
    if (row[3] == "close") {
      EXPECT_LE(largest_difference(image.data, read_bytes(data(row[0] + ".rgb"))), 1);
    } else {
      EXPECT_EQ(fnv1a(image.data), row[3]);
    }
  }
}

TEST(Formats, FramesEqualPillow) {
  const auto table = read_table("../formats/frames.txt");
  ASSERT_GE(table.size(), 40U);
  for (const auto& row : table) {
    SCOPED_TRACE(row[0] + ", frame " + row[1]);
    ImageOptions options;
    options.frame = std::stoi(row[1]);
    RgbImage image;
    try {
      image = decode(read_bytes(data(row[0])), options);
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
      continue;
    }
    EXPECT_EQ(std::to_string(image.width) + " " + std::to_string(image.height), row[2] + " " + row[3]);
    if (row[4] == "close") {
      EXPECT_LE(largest_difference(image.data, read_bytes(data(row[0] + "." + row[1] + ".rgb"))), 1);
    } else {
      EXPECT_EQ(fnv1a(image.data), row[4]);
    }
  }
}

TEST(Formats, AFrameThatIsNotThereIsAnError) {
  ImageOptions options;
  options.frame = 3;
  for (const char* name : {"clear_frames.gif", "clear_frames.png", "frames.jxl", "frames.avif", "pages.tif",
                           "frames.mpo", "turned_frames.mpo"})
    EXPECT_TRUE(outcome(read_bytes(data(name)), options).ends_with(" has the frames 0 to 2"))
        << name << ": " << outcome(read_bytes(data(name)), options);
  EXPECT_EQ(outcome(read_bytes(data("several.heic")), options),
            "not_found: there is no frame 3: the HEIC has the frames 0 to 1");
  for (const char* name :
       {"rgb.qoi", "rgb.tga", "rgb.jp2", "rgb.jxl", "profile.jpg", "profile.webp", "grey.gif", "png.ico",
        "tiles.tif", "chroma420.heic", "chroma420.avif", "profile.png", "gain_map.jpg"})
    EXPECT_TRUE(outcome(read_bytes(data(name)), options).ends_with(" has only frame 0"))
        << name << ": " << outcome(read_bytes(data(name)), options);
  options.frame = 5;
  EXPECT_EQ(outcome(read_bytes(data("frames.webp")), options),
            "not_found: there is no frame 5: the WebP has the frames 0 to 4");
}

TEST(Formats, AFrameWhoseChecksumIsWrongIsAnErrorOfThatFrameAlone) {
  FileBytes file = read_bytes(data("clear_frames.png"));
  const std::string_view mark = "fdAT";
  const auto found =
      std::search(file.begin(), file.end(), mark.begin(), mark.end(),
                  [](std::byte byte, char letter) { return static_cast<char>(byte) == letter; });
  ASSERT_NE(found, file.end());
  found[10] ^= std::byte{1};
  ImageOptions options;
  EXPECT_EQ(outcome(file, options), "");
  options.frame = 1;
  EXPECT_EQ(outcome(file, options), "corrupt: damaged PNG: a chunk's checksum is wrong");
}

/// What becomes of a file in the box and outside of it: samples, or an error's text.
std::string result_of(std::span<const std::byte> file, Sandbox sandbox) {
  ImageOptions options;
  options.sandbox = sandbox;
  try {
    const RgbImage image = decode(file, options);
    return std::to_string(image.width) + "x" + std::to_string(image.height) + " " + fnv1a(image.data);
  } catch (const Error& error) {
    return std::string(error_code(error.kind())) + ": " + error.what();
  }
}

TEST(Formats, ABoxChangesNothing) {
  for (const char* table : {"../formats/decode.txt", "decode.txt"}) {
    for (const auto& row : read_table(table)) {
      FileBytes file = read_bytes(table[0] == '.' ? data(row[0]) : image_data(row[0]));
      EXPECT_EQ(result_of(file, Sandbox::on), result_of(file, Sandbox::off)) << row[0];
      file.resize(file.size() / 2);
      EXPECT_EQ(result_of(file, Sandbox::on), result_of(file, Sandbox::off)) << "half of " << row[0];
    }
  }
}

TEST(Formats, AProfileCountsIfThatIsAsked) {
  ImageOptions options;
  options.color_managed = true;
  const auto table = read_table("../formats/srgb.txt");
  ASSERT_GE(table.size(), 8U);
  for (const auto& row : table) {
    const RgbImage image = decode(read_bytes(data(row[0])), options);
    EXPECT_LE(largest_difference(image.data, read_bytes(data(row[0] + ".srgb"))), 1) << row[0];
    EXPECT_NE(image.data, decode(read_bytes(data(row[0])), {}).data) << row[0];
  }
}

TEST(Formats, AProfileThatMakesNoSenseIsAnErrorIfItCounts) {
  FileBytes file = read_bytes(data("profile.jpg"));
  const std::string_view mark = "acsp";
  const auto found =
      std::search(file.begin(), file.end(), mark.begin(), mark.end(),
                  [](std::byte byte, char letter) { return static_cast<char>(byte) == letter; });
  ASSERT_NE(found, file.end());
  *found = std::byte{'x'};
  EXPECT_EQ(outcome(file), "");
  ImageOptions options;
  options.color_managed = true;
  EXPECT_TRUE(outcome(file, options).starts_with("corrupt: damaged JPEG: its ICC profile"))
      << outcome(file, options);
}

/// A file that is cut gives an error, or the same picture where only what is behind it is missing.
TEST(Formats, NoPrefixGivesAnotherPicture) {
  for (const auto& row : read_table("../formats/decode.txt")) {
    const FileBytes file = read_bytes(data(row[0]));
    const RgbImage image = decode(file, {});
    const std::size_t step = std::max<std::size_t>(1, file.size() / 300);
    for (std::size_t length = 16; length < file.size(); length += step) {
      const std::span<const std::byte> prefix = std::span(file).first(length);
      const std::string result = outcome(prefix);
      if (result.empty()) {
        ASSERT_EQ(decode(prefix, {}).data, image.data) << row[0] << ", " << length << " bytes";
      } else {
        ASSERT_TRUE(result.starts_with("corrupt: ") || result.starts_with("unsupported_format: "))
            << row[0] << ", " << length << " bytes: " << result;
      }
    }
  }
}

TEST(Formats, DamageGivesAnErrorOrAPictureAndNothingElseIsSaid) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  ImageOptions options;
  options.max_megapixels = 1;
  options.sandbox = Sandbox::off;  // in which nobody hears them
  for (const auto& row : read_table("../formats/decode.txt")) {
    const FileBytes file = read_bytes(data(row[0]));
    const std::size_t step = std::max<std::size_t>(1, file.size() / 100);
    for (std::size_t at = 0; at < file.size(); at += step) {
      FileBytes damaged = file;
      damaged[at] = ~damaged[at];
      const std::string result = outcome(damaged, options);
      EXPECT_FALSE(result.starts_with("internal")) << row[0] << ", byte " << at << ": " << result;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Formats, TheLimitIsCheckedBeforeAnythingIsDecoded) {
  ImageOptions options;
  options.max_megapixels = 0.0008;  // the pictures have 851 pixels
  for (const char* name :
       {"chroma420.heic", "chroma420.avif", "rgb.jxl", "rgb.jp2", "stream.j2k", "palette.gif", "bytes.ppm",
        "text.pgm", "little.pfm", "rgb.qoi", "rgb_packed.tga", "packed.psd", "two.mpo", "animated.png"}) {
    const std::string result = outcome(read_bytes(data(name)), options);
    EXPECT_TRUE(result.starts_with("too_large: the image has 37x23 pixels")) << name << ": " << result;
  }
  EXPECT_TRUE(outcome(read_bytes(data("png.ico")), options).starts_with("too_large: the image has 48x48"));
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(Formats, AHeaderThatPromisesMuchIsRefusedAtOnce) {
  const std::array<std::string_view, 5> files = {
      "P5\n9000 9000\n255\nabc", "P2\n9000 9000\n255\n1 2 3",
      std::string_view("qoif\0\0\x20\0\0\0\x20\0\3\0\xC0", 15),
      std::string_view("GIF89a\xFF\x20\xFF\x20\0\0\0,\0\0\0\0\xFF\x20\xFF\x20\0\x08\1\0\0", 27),
      std::string_view("\0\0\x0A\0\0\0\0\0\0\0\0\0\xFF\x20\xFF\x20\x18\0\x80\0\0\0", 22)};
  for (const std::string_view file : files)
    EXPECT_TRUE(outcome(bytes_of(file)).starts_with("corrupt: truncated ")) << outcome(bytes_of(file));
}

TEST(Formats, APamHasNamesInItsHeader) {
  const RgbImage image = decode(
      bytes_of(
          "P7\nWIDTH 1\nHEIGHT 1 # one\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n\x10\x20\x30\xFF"),
      {});
  EXPECT_EQ(image.data, (std::vector<std::uint8_t>{0x10, 0x20, 0x30}));
  EXPECT_TRUE(outcome(bytes_of("P7\nWIDTH 1\nSIZE 1\nENDHDR\n")).starts_with("corrupt: damaged PAM"));
}

}  // namespace
}  // namespace caption
