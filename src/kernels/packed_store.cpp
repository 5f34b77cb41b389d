#include "kernels/packed_store.h"

#include <optional>

#include "files/mapped_file.h"
#include "tensor/tensors.h"

namespace caption {

std::string origin_of(const std::string& rule, const std::vector<at::Tensor>& tensors) {
  std::string origin = rule;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined()) {
      origin += "\nnone";
      continue;
    }
    const std::optional<FilePlace> place = place_in_file(tensor);
    if (!place) return {};
    origin.append("\n").append(place->file->path().filename().string());
    origin.append(" ").append(std::to_string(place->offset));
    origin.append(" ").append(c10::toString(tensor.scalar_type()));
    origin.append(" ").append(to_string(tensor.sizes()));
    origin.append(" ").append(to_string(tensor.strides()));
  }
  return origin;
}

}  // namespace caption
