#include "vision/encoder.h"

#include <utility>

#include "vision/resnet.h"
#include "vision/vit.h"

namespace caption {

std::unique_ptr<ImageEncoder> make_image_encoder(Tensors tensors, Activation activation,
                                                 const Compute& compute) {
  // As openai/CLIP's build_model decides: only the ViT ends in a bare projection.
  if (tensors.contains("proj")) return make_vit(std::move(tensors), activation, compute);
  return make_resnet(std::move(tensors), compute);
}

}  // namespace caption
