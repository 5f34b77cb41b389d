#include <algorithm>
#include <cstddef>
#include <tuple>
#include <vector>

#include "caption/error.h"
#include "image/image.h"
#include "image/resample.h"

namespace caption {
namespace {

constexpr std::size_t kValues = 256;  // of 8 bits

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

/// The square in the middle: its columns and rows of the resized image.
struct Square {
  Span1d x;
  Span1d y;
};

Square square_of(int width, int height, int side, Fit fit) {
  if (fit == Fit::stretch) return {{side, 0, side}, {side, 0, side}};
  const int short_side = std::min(width, height);
  const std::int64_t across = resized_side(width, short_side, side);
  const std::int64_t down = resized_side(height, short_side, side);
  return {{across, crop_offset(across, side), side}, {down, crop_offset(down, side), side}};
}

}  // namespace

RgbImage to_square(const RgbImage& image, int side, Fit fit, Resample resample) {
  if (image.width < 1 || image.height < 1 || side < 1) {
    throw Error(ErrorKind::internal, "to_square: the image and the side must be at least 1x1");
  }
  const Square square = square_of(image.width, image.height, side, fit);
  return resize_region(image, square.x, square.y, resample);
}

Pixels to_pixels(const RgbImage& image, const PixelFormat& format) {
  const int r = format.resolution;
  const RgbImage square = to_square(image, r, format.fit, format.resample);  // [R, R, 3]

  const std::size_t area = static_cast<std::size_t>(r) * static_cast<std::size_t>(r);
  Pixels pixels{r, std::vector<float>(area * 3), format.fit};
  const std::vector<float> table = normalised(format);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const float* values = table.data() + channel * kValues;
    float* plane = pixels.values.data() + channel * area;
    for (std::size_t i = 0; i < area; ++i) plane[i] = values[square.data[i * 3 + channel]];
  }
  return pixels;
}

std::vector<float> normalised(const PixelFormat& format) {
  std::vector<float> table;
  table.reserve(3 * kValues);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (std::size_t value = 0; value < kValues; ++value) {
      const float unit = static_cast<float>(value) / 255.0F;
      const float centred = unit - format.mean[channel];
      table.push_back(centred / format.std[channel]);
    }
  }
  return table;
}

ResizePlan plan_resize(int width, int height, int side, Fit fit, Resample resample) {
  if (width < 1 || height < 1 || side < 1) {
    throw Error(ErrorKind::internal, "plan_resize: the image and the side must be at least 1x1");
  }
  const Square square = square_of(width, height, side, fit);
  ResizePlan plan;
  plan.across = resize_kernel(width, square.x, resample);
  plan.down = resize_kernel(height, square.y, resample);
  std::tie(plan.left, plan.width) = cut_to_need(plan.across);
  std::tie(plan.top, plan.height) = cut_to_need(plan.down);
  return plan;
}

}  // namespace caption
