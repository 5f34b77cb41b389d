#pragma once

#include <variant>

#include "caption/captioner.h"
#include "image/image.h"
#include "image/resample.h"

namespace caption {

/// As the encoder takes it; or as it was decoded, if the model's device is to resize it.
struct Picture::Image {
  std::variant<Pixels, PlannedImage> content;
};

/// A picture whose pixels are ready.
Picture ready_picture(Pixels pixels);
/// A picture that the model's device is to resize.
Picture planned_picture(PlannedImage image);

/// Its pixels, which are computed here if the device was to do that.
Pixels pixels_of(const Picture& picture, const PixelFormat& format);

}  // namespace caption
