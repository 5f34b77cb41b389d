#pragma once

#include <memory>

#include "vision/encoder.h"

namespace caption {

/// CLIP's ModifiedResNet. Throws Error(model).
std::unique_ptr<ImageEncoder> make_resnet(Tensors tensors, const Compute& compute);

}  // namespace caption
