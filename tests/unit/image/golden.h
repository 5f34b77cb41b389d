#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "image/image.h"

// What scripts/make_image_goldens.py wrote, and how to compare with it.

namespace caption {

inline std::string image_data(const std::string& name) {
  return std::string(CAPTION_TEST_DATA) + "/image/" + name;
}

inline std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// The lines of a golden file, split at blanks.
inline std::vector<std::vector<std::string>> read_table(const std::string& name) {
  std::ifstream file(image_data(name));
  if (!file) throw std::runtime_error("cannot read " + image_data(name));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    rows.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  return rows;
}

/// The 64-bit FNV-1a hash of the values' bytes, in hexadecimal.
template <typename T>
std::string fnv1a(const std::vector<T>& values) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : std::as_bytes(std::span(values))) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3;
  }
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back("0123456789abcdef"[hash >> shift & 15]);
  return text;
}

/// The same pixels as the script's pattern().
inline RgbImage pattern(const std::string& name, int width, int height) {
  RgbImage image{width, height, {}};
  std::uint32_t state = 1;
  for (int i = 0; i < width * height * 3; ++i) {
    state = state * 1664525 + 1013904223;
    image.data.push_back(static_cast<std::uint8_t>(name == "noise" ? state >> 24 : 255 * (state >> 31)));
  }
  return image;
}

}  // namespace caption
