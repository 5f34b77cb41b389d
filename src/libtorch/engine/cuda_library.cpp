#include "libtorch/engine/cuda_library.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <link.h>

#include "caption/error.h"
#include "cuda/driver.h"
#include "cuda/version_text.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::model, reason);
}

/// Of the cuBLAS that the library has brought.
std::string version_of_cublas() {
  using GetProperty = int (*)(int property, int* value);
  const auto get = reinterpret_cast<GetProperty>(dlsym(RTLD_DEFAULT, "cublasGetProperty"));
  constexpr const char* kUnknown = "of an unknown version";
  if (get == nullptr) return kUnknown;
  int parts[3] = {};  // major, minor, patch level
  for (int i = 0; i < 3; ++i)
    if (get(i, &parts[i]) != 0) return kUnknown;
  return std::to_string(parts[0]) + "." + std::to_string(parts[1]) + "." + std::to_string(parts[2]);
}

}  // namespace

fs::path cuda_library() {
  void* cpu = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  char folder[4096];
  if (cpu == nullptr || dlinfo(cpu, RTLD_DI_ORIGIN, folder) != 0)
    throw Error(ErrorKind::internal, "cannot find the folder of libtorch_cpu.so");
  dlclose(cpu);
  return fs::path(folder) / "libtorch_cuda.so";
}

std::string open_cuda_library(int index) {
  const fs::path library = cuda_library();
  if (!fs::exists(library)) {
    refuse(
        "this installation has LibTorch's CPU libraries only: build it with those that 'scripts/setup "
        "--cuda' "
        "fetches, or use the device cpu");
  }
  // Never closed: it registers its operators with LibTorch.
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* reason = dlerror();
    refuse("cannot load " + library.string() + ": " + (reason != nullptr ? reason : "?") +
           ": install it again with 'scripts/setup --cuda', or use the device cpu");
  }
  if (!at::hasCUDA()) {
    refuse("LibTorch cannot use the GPU that the driver finds, " + CudaDriver().name(index) +
           ": look at nvidia-smi, or use the device cpu");
  }
  use_full_precision();
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  return "CUDA " + cuda::version_text(hooks.versionCUDART()) + ", cuDNN " +
         cuda::cudnn_version_text(hooks.versionRuntimeCuDNN()) + ", cuBLAS " + version_of_cublas();
}

void use_full_precision() {
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowFP16ReductionCuBLAS(false);
  context.setAllowBF16ReductionCuBLAS(false);
}

}  // namespace caption
