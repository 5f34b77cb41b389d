#include "libtorch/engine/use_libtorch.h"

#include <string>

namespace caption {

Error translated(const c10::Error& error, at::Device device) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) {
    return {ErrorKind::model, device.str() +
                                  " is out of memory: fewer images together, a narrower beam search and the "
                                  "precision fp16 need less; or use the device cpu"};
  }
  // LibTorch's messages go on with advice for those who write Python.
  const std::string text = error.what_without_backtrace();
  const std::string first_line = text.substr(0, text.find('\n'));
  if (dynamic_cast<const c10::AcceleratorError*>(&error) != nullptr) {
    return {ErrorKind::model,
            device.str() + " has failed: " + first_line + ": look at nvidia-smi, or use the device cpu"};
  }
  return {ErrorKind::internal, "LibTorch on " + device.str() + ": " + first_line};
}

}  // namespace caption
