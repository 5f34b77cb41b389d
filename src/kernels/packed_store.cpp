#include "kernels/packed_store.h"

namespace caption {

std::string origin_of(const std::string& rule, const std::vector<Tensor>& tensors) {
  std::string origin = rule;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined()) {
      origin += "\nnone";
      continue;
    }
    const MappedFile* const file = tensor.file();
    if (file == nullptr) return {};
    origin.append("\n").append(file->path().filename().string());
    origin.append(" ").append(std::to_string(tensor.bytes() - file->bytes().data()));
    origin.append(" ").append(name_of(tensor.dtype()));
    origin.append(" ").append(to_string(tensor.sizes()));
    origin.append(" ").append(to_string(tensor.strides()));
  }
  return origin;
}

}  // namespace caption
