#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "caption/api.h"
#include "caption/options.h"
#include "pipeline/engine.h"

namespace caption {

class Checks;          // see doctor/checks.h
struct DeviceLimits;   // see caption/doctor.h

/// The part of the program that runs models on GPUs, by LibTorch: a table of functions, as it is a library of its
/// own that is opened when a GPU is to be used. LibTorch takes 0.3 s and 100 MB to open, and the CPU needs none
/// of it.
struct GpuLibrary {
  /// Loads the bundle in `folder` on the GPU `index`, which pipeline/device.h has found usable. Throws
  /// Error(model).
  std::unique_ptr<Engine> (*make_engine)(const std::filesystem::path& folder, int index,
                                         const ModelOptions& options);
  /// Where LibTorch's library for GPUs belongs, whether it is there or not.
  std::filesystem::path (*cuda_library)();
  /// Opens it, which must then find the GPU. -> "CUDA 13.0, cuDNN ..., cuBLAS ...". Throws Error(model).
  std::string (*open_cuda_library)(int index);
  /// A line for each of our own kernels on the GPU, beside the same ones on the CPU.
  void (*check_kernels)(Checks& checks, int index);
  /// Versions of our own kernels' libraries, in one line; empty if the installation has no such kernels. Throws
  /// Error(model) if they cannot be opened.
  std::string (*kernel_versions)();
  /// What the GPU can do at most.
  DeviceLimits (*measure_limits)(int index);
  /// "libtorch 2.15.0\n"
  std::string (*versions)();
};

/// Whether the installation has it.
bool has_gpu_library();
/// Opens it, once. Throws Error(model) if the installation has none, or a broken one.
const GpuLibrary& gpu_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::GpuLibrary* caption_gpu_library();
