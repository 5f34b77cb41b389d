#pragma once

#include <cstdint>
#include <vector>

#include "image/image.h"

namespace caption {

/// The part [first, first + count) of one side that is resized to `size` pixels.
struct Span1d {
  std::int64_t size = 0;   ///< of the whole resized side
  std::int64_t first = 0;  ///< first pixel wanted
  int count = 0;           ///< pixels wanted
};

/// The weights with which Pillow makes one side's pixels, in fixed point with 22 bits after the point.
struct Kernel {
  int taps = 0;                       ///< room per output pixel in `weights`
  std::vector<int> start;             ///< [count] first input pixel
  std::vector<int> length;            ///< [count] number of input pixels, at most `taps`
  std::vector<std::int32_t> weights;  ///< [count, taps]
};

/// Pillow's precompute_coeffs and normalize_coeffs_8bpc for the bicubic filter (a = -0.5), widened when
/// shrinking.
Kernel bicubic_kernel(int in_size, const Span1d& out);

/// What `resize_bicubic(image, x.size, y.size)` has at columns x and rows y, without computing the rest.
/// Across first, then down, each rounded to 8 bits: so did Pillow when the published models were made.
/// (Pillow 13.0 goes down first for pictures more than twice as tall as wide, which changes some of their
/// values by one.)
RgbImage resize_region(const RgbImage& image, const Span1d& x, const Span1d& y);

/// What `to_pixels` does to the images of a size, for kernels that do it elsewhere: across, then down, each
/// rounded to 8 bits, then a look into the table.
struct ResizePlan {
  Kernel across;                  ///< R columns, of the image's
  Kernel down;                    ///< R rows, of the image's
  int first_row = 0;              ///< the first row that some weight of `down` meets
  int rows = 0;                   ///< how many from there
  std::vector<float> normalised;  ///< [3, 256] what each channel's values become
};

/// For an image of width x height; all sizes are at least 1x1, else Error(internal).
ResizePlan plan_resize(int width, int height, const PixelFormat& format);

}  // namespace caption
