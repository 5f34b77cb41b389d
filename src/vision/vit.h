#pragma once

#include <memory>

#include "vision/encoder.h"

namespace caption {

/// CLIP's vision transformer. Throws Error(model).
std::unique_ptr<ImageEncoder> make_vit(Tensors tensors, Activation activation, const Compute& compute);

}  // namespace caption
