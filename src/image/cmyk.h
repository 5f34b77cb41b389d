#pragma once

#include <algorithm>
#include <cstdint>

namespace caption {

/// v / 255, rounded, for v up to 255 * 255: Pillow's MULDIV255.
inline int divide_255(int v) {
  v += 128;
  return (v + (v >> 8)) >> 8;
}

/// Shares of ink, 255 for all of it, -> RGB, as Pillow does without a colour profile.
inline void cmyk_to_rgb(const std::uint8_t cmyk[4], std::uint8_t rgb[3]) {
  const int light = 255 - cmyk[3];
  for (int c = 0; c < 3; ++c)
    rgb[c] = static_cast<std::uint8_t>(std::max(light - divide_255(cmyk[c] * light), 0));
}

}  // namespace caption
