#include <algorithm>
#include <array>
#include <cstddef>

#include "caption/error.h"
#include "image/image.h"
#include "image/resample.h"

namespace caption {
namespace {

/// torchvision's Resize: the short side becomes R, the long one int(R * long / short), truncated.
std::int64_t resized_side(int side, int short_side, int resolution) {
  const auto product = static_cast<double>(static_cast<std::int64_t>(resolution) * side);
  return static_cast<std::int64_t>(product / short_side);
}

/// torchvision's CenterCrop: int(round((side - R) / 2)), where Python rounds halves to even.
std::int64_t crop_offset(std::int64_t side, int resolution) {
  const std::int64_t margin = side - resolution;
  const std::int64_t half = margin / 2;
  return margin % 2 != 0 && half % 2 != 0 ? half + 1 : half;
}

/// The 256 values of one channel, in the order and precision of ToTensor and Normalize: v / 255, - mean, /
/// std, each step rounded to fp32.
std::array<float, 256> normalised(float mean, float std) {
  std::array<float, 256> table{};
  for (int value = 0; value < 256; ++value) {
    const float unit = static_cast<float>(value) / 255.0F;
    const float centred = unit - mean;
    table[static_cast<std::size_t>(value)] = centred / std;
  }
  return table;
}

}  // namespace

RgbImage centre_square(const RgbImage& image, int side) {
  if (image.width < 1 || image.height < 1 || side < 1) {
    throw Error(ErrorKind::internal, "centre_square: the image and the side must be at least 1x1");
  }
  const int short_side = std::min(image.width, image.height);
  const std::int64_t width = resized_side(image.width, short_side, side);
  const std::int64_t height = resized_side(image.height, short_side, side);
  return resize_region(image, {width, crop_offset(width, side), side},
                       {height, crop_offset(height, side), side});
}

Pixels to_pixels(const RgbImage& image, const PixelFormat& format) {
  const int r = format.resolution;
  const RgbImage square = centre_square(image, r);  // [R, R, 3]

  const std::size_t area = static_cast<std::size_t>(r) * static_cast<std::size_t>(r);
  Pixels pixels{r, std::vector<float>(area * 3)};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::array<float, 256> table = normalised(format.mean[channel], format.std[channel]);
    float* plane = pixels.values.data() + channel * area;
    for (std::size_t i = 0; i < area; ++i) plane[i] = table[square.data[i * 3 + channel]];
  }
  return pixels;
}

}  // namespace caption
