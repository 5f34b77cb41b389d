#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <span>

#include "cuda/kernels.h"
#include "image/image.h"
#include "pipeline/picture.h"

namespace caption {

/// Puts a resize into the queue of the device that its memory is of, as cuda::Kernels::resize does.
using ResizeFunction = std::function<void(const cuda::Resize& request, at::Device device)>;

/// How pictures become the encoder's pixels on a device.
struct Transfer {
  PixelFormat format;
  at::Device device = at::kCPU;
  ResizeFunction resize;  ///< nothing: pictures come with their pixels
};

/// What `send` is to be given of an image: the image itself, if the device had better resize it, or its
/// pixels. They are the same in the end.
Picture prepare_picture(RgbImage image, const Transfer& transfer);

/// B pictures -> pixels [B, 3, R, R] fp32 on the device: in one copy, for which the CPU does not wait, to the
/// device's current stream. Throws Error(internal) for pixels of another resolution than R, and for an image
/// without `resize`.
at::Tensor send(std::span<const Picture> pictures, const Transfer& transfer);

}  // namespace caption
