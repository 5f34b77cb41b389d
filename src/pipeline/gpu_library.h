#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "caption/api.h"
#include "pipeline/device_limits.h"
#include "cuda/compare.h"
#include "pipeline/engine.h"
#include "tensor/dtype.h"

namespace caption {

/// What a model on a GPU is loaded with.
struct GpuOptions {
  int index = 0;                                 ///< of the GPU, which pipeline/device.h has found usable
  DType weights = DType::fp16;                   ///< fp32, fp16 or bf16
  int threads = 0;                               ///< as in ModelOptions: sampling is the CPU's
  std::function<void(const std::string&)> note;  ///< told why the GPU is used less well than it could be
};

/// The part of the program that runs models on GPUs, by LibTorch: a table of functions, as it is a library of
/// its own that is opened when a GPU is to be used. LibTorch takes 0.3 s and 100 MB to open, and the CPU
/// needs none of it.
struct GpuLibrary {
  /// Loads the bundle in `folder`; `open_cuda_library` comes before. Throws Error(model).
  std::unique_ptr<Engine> (*make_engine)(const std::filesystem::path& folder, const GpuOptions& options);
  /// Where LibTorch's library for GPUs belongs, whether it is there or not.
  std::filesystem::path (*cuda_library)();
  /// Opens it, which must then find the GPU. -> "CUDA 13.0, cuDNN ..., cuBLAS ...". Throws Error(model).
  std::string (*open_cuda_library)(int index);
  /// Versions of our own kernels' libraries, in one line; empty if the installation has no such kernels.
  /// Throws Error(model) if they cannot be opened.
  std::string (*kernel_versions)();
  /// Our own kernels on the GPU beside the same ones on the CPU; none if the installation has no such
  /// kernels. Throws Error(model) if they do not run.
  std::vector<cuda::Comparison> (*compare_kernels)(int index);
  /// What the GPU can do at most. Throws Error(model).
  DeviceLimits (*measure_limits)(int index);
  /// "libtorch 2.15.0\n"
  std::string (*versions)();
};

/// Whether the installation has it.
bool has_gpu_library();
/// Throws Error(model) unless it has.
void require_gpu_library();
/// Opens it, once. Throws Error(model) if the installation has none, or a broken one.
const GpuLibrary& gpu_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::GpuLibrary* caption_gpu_library();
