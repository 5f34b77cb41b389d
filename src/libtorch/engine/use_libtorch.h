#pragma once

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include "caption/error.h"

namespace caption {

/// What LibTorch's exception on `device` is in our terms: Error(model) for a device that is out of memory or
/// fails, else Error(internal).
Error translated(const c10::Error& error, at::Device device);

/// What `work` with LibTorch on `device` returns. It calculates without gradients, and its exceptions become
/// Errors.
template <typename Work>
auto use_libtorch(at::Device device, const Work& work) {
  const at::InferenceMode no_gradients;
  try {
    return work();
  } catch (const c10::Error& error) {
    throw translated(error, device);
  }
}

}  // namespace caption
