#pragma once

#include <cstdint>

#include "cuda/block.h"
#include "cuda/half.h"
#include "cuda/kernels.h"

// Pillow's bicubic resize with crop and normalisation. LibTorch's antialiased bicubic is within 2 of Pillow's
// values, and captions change with them. The arithmetic is that of image/resample.cpp: integers, 8 bits
// between the passes.

namespace caption::cuda {

inline constexpr int kWeightBits = 22;  ///< after the point: Pillow's PRECISION_BITS

CAPTION_DEVICE std::uint8_t to_8_bits(std::int32_t sum) {
  const std::int32_t value = sum >> kWeightBits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : (value > 255 ? 255 : value));
}

/// Output pixel i of a side: three channels that lie side by side, `step` bytes from one input pixel to the
/// next.
CAPTION_DEVICE void weighted_sum(const std::uint8_t* in, std::int64_t step, const ResizeWeights& side, int i,
                                 std::uint8_t (&out)[3]) {
  std::int32_t sums[3];
  for (std::int32_t& sum : sums) sum = 1 << (kWeightBits - 1);
  const std::int32_t* weights = side.weights + static_cast<std::int64_t>(i) * side.taps;
  for (int tap = 0; tap < side.length[i]; ++tap, in += step) {
    for (int channel = 0; channel < 3; ++channel) sums[channel] += in[channel] * weights[tap];
  }
  for (int channel = 0; channel < 3; ++channel) out[channel] = to_8_bits(sums[channel]);
}

/// Resizes its rows across: [height, width, 3] -> [height, R, 3].
struct ResizeAcross {
  static constexpr int kThreads = 128;

  struct Args {
    Resize resize;
  };
  struct Shared {};

  /// Block (x, y): columns y * kThreads, ... of row x.
  CAPTION_DEVICE static void run(const Block<kThreads>& block, Shared&, const Args& args) {
    const Resize& r = args.resize;
    block.each([&](int thread) {
      const int column = block.y * kThreads + thread;
      if (column >= r.side) return;
      const std::int64_t pixel = static_cast<std::int64_t>(block.x) * r.width + r.across.start[column];
      std::uint8_t rgb[3];
      weighted_sum(r.image + pixel * 3, 3, r.across, column, rgb);
      std::uint8_t* out = r.scratch + (static_cast<std::int64_t>(block.x) * r.side + column) * 3;
      for (int channel = 0; channel < 3; ++channel) out[channel] = rgb[channel];
    });
  }
};

/// Resizes down and normalises: [height, R, 3] -> [3, R, R].
template <typename T>
struct ResizeDown {
  static constexpr int kThreads = 128;

  struct Args {
    Resize resize;
  };
  struct Shared {};

  /// Block (x, y): columns y * kThreads, ... of row x.
  CAPTION_DEVICE static void run(const Block<kThreads>& block, Shared&, const Args& args) {
    const Resize& r = args.resize;
    block.each([&](int thread) {
      const int column = block.y * kThreads + thread;
      if (column >= r.side) return;
      const std::int64_t row_bytes = static_cast<std::int64_t>(r.side) * 3;
      const std::uint8_t* in =
          r.scratch + r.down.start[block.x] * row_bytes + static_cast<std::int64_t>(column) * 3;
      std::uint8_t rgb[3];
      weighted_sum(in, row_bytes, r.down, block.x, rgb);
      for (int channel = 0; channel < 3; ++channel) {
        const std::int64_t place = (static_cast<std::int64_t>(channel) * r.side + block.x) * r.side + column;
        static_cast<T*>(r.pixels)[place] = from_float<T>(r.normalised[channel * 256 + rgb[channel]]);
      }
    });
  }
};

}  // namespace caption::cuda
