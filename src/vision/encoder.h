#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "layers/layers.h"

namespace caption {

/// CLIP's image encoder.
template <typename T>
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;
  /// "vit" or "resnet"
  virtual std::string_view kind() const = 0;
  virtual std::int64_t resolution() const = 0;  ///< R
  virtual std::int64_t embedding() const = 0;   ///< D
  /// pixels [B, 3, R, R] fp32 -> embedding [B, D] fp32, not normalised
  virtual T encode(const T& pixels) const = 0;
};

/// Throws Error(internal) unless `pixels` is [B, 3, resolution, resolution].
template <typename T>
void require_pixels(const T& pixels, std::int64_t resolution) {
  if (pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == resolution &&
      pixels.size(3) == resolution)
    return;
  throw Error(ErrorKind::internal, "image encoder: expected pixels [B, 3, " + std::to_string(resolution) +
                                       ", " + std::to_string(resolution) + "], found " + shape_text(pixels));
}

/// Builds the encoder whose tensors these are (CLIP's names without "visual."); every size is read off the
/// shapes. `activation` (quick_gelu or gelu) is the ViT's; a ResNet has none to choose. Throws Error(model).
/// Defined in vision/make_encoder.h; here for Tensor, in libtorch/layers for at::Tensor.
template <typename T>
std::unique_ptr<ImageEncoder<T>> make_image_encoder(Tensors tensors, Activation activation,
                                                    const Compute<T>& compute);

}  // namespace caption
