#include "doctor/doctor_device.h"

#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "cuda/version_text.h"
#include "libtorch/engine/cuda_driver.h"
#include "libtorch/engine/device.h"
#include "base/shared_library.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDriver = "driver";
constexpr const char* kGpu = "gpu";
constexpr const char* kGpuMemory = "gpu memory";
constexpr const char* kTorchCuda = "libtorch cuda";
constexpr const char* kPlugin = "cuda kernels";
constexpr const char* kGpuChecks[] = {kDriver, kGpu, kGpuMemory, kTorchCuda, kPlugin};

/// The lines of kGpuChecks from `first` on.
void skip_from(Checks& checks, const char* first, const std::string& why) {
  const auto* const end = std::end(kGpuChecks);
  for (const auto* name = std::find(std::begin(kGpuChecks), end, first); name != end; ++name)
    checks.skip(*name, why);
}

const cuda::Kernels* open_plugin(const fs::path& file) {
  std::string reason;
  const cuda::Kernels* const kernels =
      from_library<decltype(&caption_cuda_kernels)>(file.string(), "caption_cuda_kernels", reason);
  if (kernels != nullptr) return kernels;
  throw Error(ErrorKind::model, "cannot load " + file.string() + ": " + reason +
                                    ": install it again with the libraries of 'scripts/setup --cuda'");
}

/// "cudart 13.0\ncudnn 9.26.0\n" -> "cudart 13.0, cudnn 9.26.0"
std::string in_one_line(std::string lines) {
  if (!lines.empty() && lines.back() == '\n') lines.pop_back();
  for (std::size_t i = lines.find('\n'); i != std::string::npos; i = lines.find('\n', i))
    lines.replace(i, 1, ", ");
  return lines;
}

std::string describe(const CudaDriver& driver, int index) {
  const int capability = driver.capability(index);
  return driver.name(index) + ", compute capability " + std::to_string(capability / 10) + "." +
         std::to_string(capability % 10);
}

/// Of the cuBLAS that LibTorch's CUDA library has brought.
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

/// LibTorch's CUDA library: what it is linked with.
std::string torch_cuda_versions() {
  const at::CUDAHooksInterface& hooks = at::detail::getCUDAHooks();
  return "CUDA " + cuda::version_text(hooks.versionCUDART()) + ", cuDNN " +
         cuda::cudnn_version_text(hooks.versionRuntimeCuDNN()) + ", cuBLAS " + version_of_cublas();
}

const cuda::Kernels* examine_plugin(Checks& checks) {
  const fs::path file = beside("libcaption_cuda.so");
  if (!fs::exists(file)) {
    checks.skip(kPlugin, "this installation was built without CAPTION_CUDA, so there are none to check");
    return nullptr;
  }
  const cuda::Kernels* kernels = nullptr;
  checks.look(kPlugin, [&] {
    kernels = open_plugin(file);
    return in_one_line(kernels->versions());
  });
  return kernels;
}

/// As Checks::look, but with --device auto a failure only means that there is no GPU to use: a line that is
/// skipped.
bool look_for_gpu(Checks& checks, const char* name, bool automatic,
                  const std::function<std::string()>& examine) {
  if (!automatic) return checks.look(name, examine);
  try {
    std::string found = examine();
    return checks.look(name, [&] { return found; });
  } catch (const Error& error) {
    checks.skip(name, error.what());
    return false;
  }
}

/// Bytes that processes can still get, by /proc/meminfo.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::uint64_t kilobytes = 0;
    if (line.starts_with("MemAvailable:") && std::istringstream(line.substr(13)) >> kilobytes)
      return kilobytes * 1024;
  }
  throw Error(ErrorKind::model, "/proc/meminfo does not tell MemAvailable: look whether /proc is mounted");
}

}  // namespace

ExaminedDevice examine_device(Checks& checks, const std::string& device, std::int64_t weights) {
  const bool automatic = device == "auto";
  const std::optional<int> asked = cuda_index(device);
  ExaminedDevice cpu;
  if (!asked && !automatic) {
    skip_from(checks, kDriver, "not wanted with --device " + device);
    return cpu;
  }
  cpu.usable = automatic;
  const int index = asked.value_or(0);
  std::optional<CudaDriver> driver;
  const bool found = look_for_gpu(checks, kDriver, automatic, [&] {
    driver.emplace();
    return "for CUDA " + driver->cuda_version() + ", with " + std::to_string(driver->count()) +
           (driver->count() == 1 ? " GPU" : " GPUs");
  });
  if (!found) {
    skip_from(checks, kGpu, "no driver to ask");
    return cpu;
  }
  if (automatic && !fs::exists(cuda_library())) {
    skip_from(checks, kGpu,
              "this installation has LibTorch's CPU libraries only: to use the GPU, build it with those that "
              "'scripts/setup --cuda' fetches");
    return cpu;
  }
  ExaminedDevice gpu{true, "cuda:" + std::to_string(index), {}, nullptr};
  const bool fits = look_for_gpu(checks, kGpu, automatic, [&] {
    require_gpu(*driver, index);
    gpu.description = driver->name(index);
    return gpu.name + ", " + describe(*driver, index);
  });
  if (!fits) {
    skip_from(checks, kGpuMemory, "no GPU to use");
    return cpu;
  }
  const bool enough = checks.look(kGpuMemory, [&] {
    require_memory(*driver, index, at::kFloat, weights);
    const CudaDriver::Memory memory = driver->memory(index);
    return gigabytes(memory.free) + " of " + gigabytes(memory.total) + " free";
  });
  const bool loads = checks.look(kTorchCuda, [&] {
    if (!fs::exists(cuda_library())) {
      throw Error(ErrorKind::model,
                  "this installation has LibTorch's CPU libraries only: build it with those "
                  "that 'scripts/setup --cuda' fetches, or use --device cpu");
    }
    open_cuda_library(*driver, index);
    return torch_cuda_versions();
  });
  gpu.kernels = examine_plugin(checks);
  return enough && loads ? gpu : cpu;
}

void examine_machine(Checks& checks, std::int64_t weights) {
  checks.look("libtorch", [] {
    return std::string(TORCH_VERSION) + ", " + at::get_cpu_capability() + "; kernels " +
           std::string(kernels::active().name) + " on " + std::to_string(threads()) +
           (threads() == 1 ? " thread" : " threads");
  });
  checks.look("memory", [&] {
    const auto needed = static_cast<std::uint64_t>(weights) * sizeof(float);
    const std::uint64_t available = available_memory();
    if (available >= needed) return gigabytes(available) + " available";
    throw Error(ErrorKind::model, gigabytes(available) + " available, and this model takes " +
                                      gigabytes(needed) +
                                      " in fp32: end other programs, or use --model demo");
  });
}

}  // namespace caption
