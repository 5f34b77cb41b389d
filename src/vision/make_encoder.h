#pragma once

#include <memory>
#include <utility>

#include "vision/efficientnet.h"
#include "vision/encoder.h"
#include "vision/resnet.h"
#include "vision/siglip.h"
#include "vision/vit.h"

namespace caption {

template <typename T>
std::unique_ptr<ImageEncoder<T>> make_image_encoder(Tensors tensors, const EncoderChoices& choices,
                                                    const Compute<T>& compute) {
  switch (encoder_kind(tensors)) {
    case EncoderKind::vit:
      return std::make_unique<Vit<T>>(std::move(tensors), choices.activation, compute);
    case EncoderKind::siglip:
      return std::make_unique<Siglip<T>>(std::move(tensors), choices, compute);
    case EncoderKind::efficientnet_lite:
      return std::make_unique<EfficientNet<T>>(std::move(tensors), choices, compute);
    case EncoderKind::resnet:
      break;
  }
  return std::make_unique<ResNet<T>>(std::move(tensors), compute);
}

}  // namespace caption
