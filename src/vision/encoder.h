#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "caption/error.h"
#include "layers/layers.h"
#include "vision/sizes.h"

namespace caption {

/// What an encoder's tensors do not tell.
struct EncoderChoices {
  Activation activation = Activation::quick_gelu;  ///< quick_gelu, gelu or gelu_tanh: a ViT's, a SigLIP's
  EncoderOutput output = EncoderOutput::embedding;
  /// R of an EfficientNet, which takes any, or of a SigLIP, whose patches may leave some pixels over; 0: what
  /// its variant was trained on, or what its patches cover.
  std::int64_t resolution = 0;
};

/// Of pixels, an embedding: CLIP's image encoder, or another network that was trained on pictures.
template <typename T>
class ImageEncoder {
 public:
  virtual ~ImageEncoder() = default;
  virtual EncoderKind kind() const = 0;
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

/// Builds the encoder whose tensors these are (see vision/sizes.h); every size is read off the shapes. Throws
/// Error(model).
/// Defined in vision/make_encoder.h; here for Tensor, in libtorch/layers for at::Tensor.
template <typename T>
std::unique_ptr<ImageEncoder<T>> make_image_encoder(Tensors tensors, const EncoderChoices& choices,
                                                    const Compute<T>& compute);

}  // namespace caption
