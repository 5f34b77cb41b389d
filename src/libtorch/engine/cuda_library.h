#pragma once

#include <filesystem>
#include <string>

namespace caption {

/// Where LibTorch's library for GPUs belongs, whether it is there or not: beside the CPU's.
std::filesystem::path cuda_library();

/// Opens it, before LibTorch's first question for a GPU. -> "CUDA 13.0, cuDNN 9.26.0, cuBLAS 13.4.1", what it
/// brings. Throws Error(model) if it is not there or LibTorch does not find the GPU `index` by it.
std::string open_cuda_library(int index);

/// Has GPUs calculate in the types that Precision names. By itself LibTorch convolves fp32 in TF32, with 11
/// significant bits, and lets cuBLAS add parts of fp16 and bf16 sums in these types.
void use_full_precision();

}  // namespace caption
