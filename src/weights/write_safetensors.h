#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace caption {

/// Writes tensors as one safetensors file. Throws Error(output).
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors);

}  // namespace caption
