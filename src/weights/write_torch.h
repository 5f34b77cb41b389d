#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tensor/tensor.h"

namespace caption {

/// Writes tensors as torch.save does a dict of them (a zip archive, pickle protocol 2), so that
/// torch.load(FILE, weights_only=True) reads it: fp32, fp16 or bf16. Contiguous tensors that share their
/// memory share a storage. Under the file's name is what was there, or all of it. Throws Error(output).
void write_torch(const std::filesystem::path& file, const std::map<std::string, Tensor>& tensors);

}  // namespace caption
