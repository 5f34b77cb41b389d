#pragma once

#include <cstdint>
#include <vector>

#include "image/container.h"

namespace caption {

/// A picture as its file stores it, neither turned nor composited.
struct StoredPicture {
  int width = 0;
  int height = 0;
  int channels = 0;                   ///< 1 grey, 3 RGB, 4 RGB and what Container::alpha says
  int sample_bytes = 1;               ///< 1 or 2, in the machine's order
  std::vector<std::uint8_t> samples;  ///< [height, width, channels]
};

/// A JPEG of one component or three, by libjpeg: its own library, as OpenCV's takes 50 ms to open. Throws
/// Error(corrupt).
StoredPicture decode_jpeg(const Container& container);

}  // namespace caption
