#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace caption {

/// Writes tensors, and texts beside them, as one safetensors file: under its name is what was there, or all
/// of it. Throws Error(output).
void write_safetensors(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace caption
