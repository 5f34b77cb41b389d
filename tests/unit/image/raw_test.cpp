#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "caption/error.h"
#include "golden.h"
#include "image/open_modules.h"

// Cameras' raw data: TIFF files made here as cameras lay them out, with a photograph as their preview.

namespace caption {
namespace {

using FileBytes = std::vector<std::byte>;

FileBytes photograph() {
  return read_bytes(std::string(CAPTION_TEST_DATA) + "/photos/cat.jpg");
}

/// A little-endian TIFF, its directories in order, which are made of tags and single values.
class RawFile {
 public:
  struct Entry {
    std::uint16_t tag;
    std::uint16_t type;  ///< 1 bytes, 2 text, 3 short, 4 long
    std::uint32_t value;
    std::string text = {};  ///< of texts, or of four bytes
  };

  explicit RawFile(std::string_view behind_header = {}) {
    add("II*");
    bytes_.push_back(std::byte{0});
    number(0, 4);
    add(behind_header);
  }

  std::uint32_t add(std::span<const std::byte> data) {
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    bytes_.insert(bytes_.end(), data.begin(), data.end());
    if (bytes_.size() % 2 != 0) bytes_.push_back(std::byte{0});
    return at;
  }

  /// -> where it lies
  std::uint32_t add_directory(const std::vector<Entry>& entries, std::uint32_t next = 0) {
    std::vector<std::uint32_t> values;
    for (const Entry& entry : entries) {
      values.push_back(entry.text.size() > 4 ? add(std::as_bytes(std::span(entry.text))) : entry.value);
    }
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    number(entries.size(), 2);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      number(entries[i].tag, 2);
      number(entries[i].type, 2);
      number(entries[i].text.empty() ? 1 : entries[i].text.size(), 4);
      number(values[i], 4);
    }
    number(next, 4);
    return at;
  }

  FileBytes with_first(std::uint32_t directory) {
    for (unsigned i = 0; i < 4; ++i) bytes_[4 + i] = static_cast<std::byte>(directory >> (8 * i));
    return bytes_;
  }

 private:
  void add(std::string_view text) {
    for (const char letter : text) bytes_.push_back(static_cast<std::byte>(letter));
  }
  void number(std::size_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
  }

  FileBytes bytes_;
};

using Entries = std::vector<RawFile::Entry>;

/// A stamp of 160 x 120 pixels, marked as small.
Entries stamp(RawFile& file, std::uint32_t orientation, const char* make) {
  const FileBytes samples(160 * 120 * 3, std::byte{77});
  return {{254, 4, 1},           {256, 4, 160}, {257, 4, 120},     {258, 3, 8},
          {259, 3, 1},           {262, 3, 2},   {271, 2, 0, make}, {273, 4, file.add(samples)},
          {274, 3, orientation}, {277, 3, 3},   {278, 4, 120},     {279, 4, 160 * 120 * 3}};
}

/// A preview in a directory below the first one, as NEF and DNG have it; none if `jpeg` is empty.
FileBytes nef(const FileBytes& jpeg, std::uint32_t orientation = 1, bool dng = false) {
  RawFile file;
  Entries first = stamp(file, orientation, "NIKON CORPORATION");
  const auto at = file.add(jpeg);
  const Entries preview = {{254, 4, 1}, {256, 4, 400}, {257, 4, 300},
                           {259, 3, 6}, {513, 4, at},  {514, 4, static_cast<std::uint32_t>(jpeg.size())}};
  const Entries sensor = {{254, 4, 0}, {256, 4, 6000}, {257, 4, 4000}, {259, 3, 34713}, {262, 3, 32803}};
  first.push_back({330, 4, file.add_directory(jpeg.empty() ? sensor : preview)});
  if (dng) first.push_back({50706, 1, 0x401, "\x01\x04\0"});
  return file.with_first(file.add_directory(first));
}

/// The preview as the strip of the first directory, as CR2 has it.
FileBytes cr2(const FileBytes& jpeg, std::uint32_t orientation) {
  RawFile file(std::string_view("CR\x02\0\0\0\0\0", 8));
  const auto at = file.add(jpeg);
  return file.with_first(file.add_directory({{256, 4, 400},
                                             {257, 4, 300},
                                             {258, 3, 8},
                                             {259, 3, 6},
                                             {271, 2, 0, "Canon"},
                                             {272, 2, 0, "Canon EOS 5D"},
                                             {273, 4, at},
                                             {274, 3, orientation},
                                             {279, 4, static_cast<std::uint32_t>(jpeg.size())}}));
}

std::string outcome(std::span<const std::byte> file) {
  try {
    decode(file, {});
  } catch (const Error& error) {
    return std::string(error_code(error.kind())) + ": " + error.what();
  }
  return "";
}

TEST(Raw, ThePreviewIsThePicture) {
  const RgbImage expected = decode(photograph(), {});
  for (const FileBytes& file : {nef(photograph()), nef(photograph(), 1, true), cr2(photograph(), 1)}) {
    ASSERT_EQ(outcome(file), "");
    const RgbImage image = decode(file, {});
    EXPECT_EQ(image.width, expected.width);
    EXPECT_EQ(image.data, expected.data);
    EXPECT_TRUE(image.preview);
    EXPECT_FALSE(expected.preview);
  }
}

TEST(Raw, ItIsTurnedOnceAsTheCameraWasHeld) {
  const RgbImage flat = decode(photograph(), {});
  for (const FileBytes& file : {nef(photograph(), 8), cr2(photograph(), 8)}) {
    ASSERT_EQ(outcome(file), "");
    const RgbImage turned = decode(file, {});
    ASSERT_EQ(turned.width, flat.height);
    // A quarter turn to the left: the first row was the last column.
    for (int x = 0; x < turned.width; ++x) {
      const auto at = static_cast<std::size_t>((x + 1) * flat.width - 1) * 3;
      ASSERT_EQ(turned.data[static_cast<std::size_t>(x) * 3], flat.data[at]) << x;
    }
  }
}

TEST(Raw, AStampIsNoPreview) {
  EXPECT_TRUE(
      outcome(nef({})).starts_with("unsupported_format: the file is a camera's raw data without a preview"))
      << outcome(nef({}));
  const FileBytes small = read_bytes(image_data("subsampling0.jpg"));
  EXPECT_TRUE(outcome(nef(small))
                  .starts_with("unsupported_format: the file is a camera's raw data, whose largest preview "
                               "has only 37x23 pixels"))
      << outcome(nef(small));
}

TEST(Raw, ACutFileIsAnError) {
  const FileBytes file = nef(photograph());
  for (const std::size_t size : {file.size() / 4, file.size() / 2, file.size() - 20})
    EXPECT_FALSE(outcome(std::span(file).first(size)).empty()) << size;
}

}  // namespace
}  // namespace caption
