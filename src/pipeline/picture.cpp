#include "pipeline/picture.h"

#include <memory>
#include <utility>

namespace caption {

Picture ready_picture(Pixels pixels) {
  return {std::make_shared<const Picture::Image>(Picture::Image{std::move(pixels)}), {}};
}

Picture planned_picture(PlannedImage image) {
  return {std::make_shared<const Picture::Image>(Picture::Image{std::move(image)}), {}};
}

Pixels pixels_of(const Picture& picture, const PixelFormat& format) {
  const auto& content = picture.image->content;
  if (const auto* pixels = std::get_if<Pixels>(&content)) return *pixels;
  return to_pixels(std::get<PlannedImage>(content).image, format);
}

}  // namespace caption
