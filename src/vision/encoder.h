#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string_view>

#include "layers/compute.h"
#include "layers/layers.h"
#include "tensor/tensors.h"

namespace caption {

/// CLIP's image encoder.
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;
  /// "vit" or "resnet"
  virtual std::string_view kind() const = 0;
  virtual std::int64_t resolution() const = 0;  ///< R
  virtual std::int64_t embedding() const = 0;   ///< D
  /// pixels [B, 3, R, R] fp32 -> embedding [B, D] fp32, not normalised
  virtual at::Tensor encode(const at::Tensor& pixels) const = 0;
};

/// Builds the encoder whose tensors these are (CLIP's names without "visual."); every size is read off the
/// shapes. `activation` (quick_gelu or gelu) is the ViT's; a ResNet has none to choose. Throws Error(model).
std::unique_ptr<ImageEncoder> make_image_encoder(Tensors tensors, Activation activation,
                                                 const Compute& compute);

}  // namespace caption
