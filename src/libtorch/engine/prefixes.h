#pragma once

#include <ATen/ATen.h>

#include <span>

#include "libtorch/engine/transfer.h"
#include "libtorch/layers/layers.h"
#include "model/bundle.h"

namespace caption {

/// Pictures, or embeddings, of which the CPU has the memory -> prefixes [B, P, E] on the device
at::Tensor prefixes_of(const Bundle<at::Tensor>& bundle, std::span<const Picture> pictures,
                       const Transfer& transfer);

}  // namespace caption
