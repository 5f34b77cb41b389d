#pragma once

#include <cstdint>
#include <vector>

namespace caption {

/// What the fourth channel of the decoded picture means.
enum class Alpha { none, straight, premultiplied };

/// A picture as its file stores it, neither turned nor composited.
struct StoredPicture {
  int width = 0;
  int height = 0;
  int channels = 0;                   ///< 1 grey, 3 RGB, 4 RGB and what Container::alpha says
  int sample_bytes = 1;               ///< 1 or 2, in the machine's order
  std::vector<std::uint8_t> samples;  ///< [height, width, channels]
  bool truncated = false;             ///< a part of it was missing in its file
};

/// One of 8 bits whose samples are 0, for a size that require_size has seen.
inline StoredPicture blank_picture(std::int64_t width, std::int64_t height, int channels) {
  StoredPicture picture{static_cast<int>(width), static_cast<int>(height), channels, 1, {}};
  picture.samples.resize(static_cast<std::size_t>(width * height) * static_cast<std::size_t>(channels));
  return picture;
}

}  // namespace caption
