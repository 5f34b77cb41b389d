#pragma once

#include <memory>
#include <utility>

#include "vision/encoder.h"
#include "vision/resnet.h"
#include "vision/vit.h"

namespace caption {

template <typename T>
std::unique_ptr<ImageEncoder<T>> make_image_encoder(Tensors tensors, Activation activation,
                                                    const Compute<T>& compute) {
  if (is_vit(tensors)) return std::make_unique<Vit<T>>(std::move(tensors), activation, compute);
  return std::make_unique<ResNet<T>>(std::move(tensors), compute);
}

}  // namespace caption
