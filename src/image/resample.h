#pragma once

#include <cstdint>
#include <utility>
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

/// Pillow's precompute_coeffs and normalize_coeffs_8bpc for a filter (of bicubic, a = -0.5), widened when
/// shrinking.
Kernel resize_kernel(int in_size, const Span1d& out, Resample resample);

/// Makes `kernel` one of the input pixels that some weight meets, which follow one another: a crop needs few.
/// -> the first of them and their number
std::pair<int, int> cut_to_need(Kernel& kernel);

/// What Pillow's Image.resize((x.size, y.size), filter) has at columns x and rows y, without computing the
/// rest.
/// Across first, then down, each rounded to 8 bits: so did Pillow when the published models were made.
/// (Pillow 13.0 goes down first for pictures more than twice as tall as wide, which changes some of their
/// values by one.)
RgbImage resize_region(const RgbImage& image, const Span1d& x, const Span1d& y,
                       Resample resample = Resample::bicubic);

/// What `to_pixels` does to the images of a size, for kernels that do it elsewhere: of the part of the image
/// that some weight meets, across, then down, each rounded to 8 bits, then a look into `normalised`.
struct ResizePlan {
  int left = 0;  ///< of the part
  int top = 0;
  int width = 0;
  int height = 0;
  Kernel across;  ///< R columns, of the part's
  Kernel down;    ///< R rows, of the part's
};

/// For an image of width x height that becomes a square of `side`; all sizes are at least 1x1, else
/// Error(internal).
ResizePlan plan_resize(int width, int height, int side, Fit fit = Fit::crop,
                       Resample resample = Resample::bicubic);

/// [3, 256]: what each channel's values become, in the order and precision of ToTensor and Normalize: first
/// v / 255, then minus mean, then divided by std, each step rounded to fp32.
std::vector<float> normalised(const PixelFormat& format);

/// An image that is to be resized elsewhere.
struct PlannedImage {
  RgbImage image;
  ResizePlan plan;  ///< of its size
};

}  // namespace caption
