#include "cli/example_images.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "caption/error.h"
#include "cli/installation.h"
#include "cli/signals.h"
#include "inputs/inputs.h"
#include "inputs/read_input.h"

namespace caption::cli {
namespace {

constexpr std::uint32_t kPictureWidth = 640;
constexpr std::uint32_t kPictureHeight = 480;
constexpr std::uint32_t kHeader = 54;  ///< bytes before the pixels

/// A BMP file of 24 bits per pixel: colours that change across and down, in squares.
std::vector<std::byte> made_picture() {
  std::vector<std::byte> file;
  const auto put = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i, value >>= 8) file.push_back(static_cast<std::byte>(value));
  };
  put('B' | 'M' << 8, 2);
  put(kHeader + 3 * kPictureWidth * kPictureHeight, 4);
  put(0, 4);
  put(kHeader, 4);
  put(40, 4);  // the rest of the header
  put(kPictureWidth, 4);
  put(kPictureHeight, 4);
  put(1, 2);   // plane
  put(24, 2);  // bits
  put(0, 4);   // not compressed
  put(0, 20);  // defaults
  for (std::uint32_t y = 0; y < kPictureHeight; ++y) {
    for (std::uint32_t x = 0; x < kPictureWidth; ++x) {
      put(x * 255 / kPictureWidth, 1);
      put(y * 255 / kPictureHeight, 1);
      put((x / 40 + y / 40) % 2 * 200, 1);
    }
  }
  return file;
}

}  // namespace

BenchmarkImage read_image(const Input& input) {
  try {
    return {input.name, read_input(input, interrupted)};
  } catch (const Error& error) {
    throw Error(error.kind(), input.name + ": " + error.what(), input.file);
  }
}

std::vector<BenchmarkImage> example_images(std::size_t most) {
  const std::filesystem::path folder = find_installation().models / "photographs" / "pictures";
  std::vector<BenchmarkImage> images;
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) {
    Inputs inputs({.names = {folder.string()}}, [](const std::string&) {});
    while (images.size() < most) {
      const std::optional<Input> input = inputs.next(interrupted);
      if (!input) break;
      images.push_back(read_image(*input));
      images.back().name = input->file.filename().string();
    }
  }
  if (!images.empty()) return images;
  log::info("no INPUT, and the example pictures are not installed: using a picture of " +
            std::to_string(kPictureWidth) + " x " + std::to_string(kPictureHeight) + " pixels made here");
  images.push_back({"made", made_picture()});
  return images;
}

}  // namespace caption::cli
