#include "doctor/device.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>

#include "caption/error.h"
#include "cuda/driver.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "pipeline/device.h"
#include "pipeline/gpu_library.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDriver = "driver";
constexpr const char* kGpu = "gpu";
constexpr const char* kGpuMemory = "gpu memory";
constexpr const char* kTorchCuda = "libtorch cuda";
constexpr const char* kPlugin = "cuda kernels";
/// Why there is no GPU to use, where the build is the reason.
constexpr const char* kHowToBuild = "build caption with what 'scripts/setup --cuda' fetches";
constexpr const char* kGpuChecks[] = {kDriver, kGpu, kGpuMemory, kTorchCuda, kPlugin};

/// The lines of kGpuChecks from `first` on.
void skip_from(Checks& checks, const char* first, const std::string& why) {
  const auto* const end = std::end(kGpuChecks);
  for (const auto* name = std::find(std::begin(kGpuChecks), end, first); name != end; ++name)
    checks.skip(*name, why);
}

std::string describe(const CudaDriver& driver, int index) {
  const int capability = driver.capability(index);
  return driver.name(index) + ", compute capability " + std::to_string(capability / 10) + "." +
         std::to_string(capability % 10);
}

/// -> whether there are kernels of our own to use
bool examine_own_kernels(Checks& checks) {
  std::string versions;
  const bool opened = checks.look_or_skip(
      kPlugin,
      [&]() -> std::optional<std::string> {
        versions = gpu_library().kernel_versions();
        if (versions.empty()) return std::nullopt;
        return versions;
      },
      "this installation was built without CAPTION_CUDA, so there are none to check");
  return opened && !versions.empty();
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
    skip_from(checks, kDriver, "not wanted with the device " + device);
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
  if (automatic && (!has_gpu_library() || !fs::exists(gpu_library().cuda_library()))) {
    skip_from(checks, kGpu, std::string("to use the GPU, ") + kHowToBuild);
    return cpu;
  }
  ExaminedDevice gpu{true, "cuda:" + std::to_string(index), {}, index, false};
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
    require_memory(*driver, index, DType::fp32, weights);
    const CudaDriver::Memory memory = driver->memory(index);
    return gigabytes(memory.free) + " of " + gigabytes(memory.total) + " free";
  });
  const bool loads = checks.look(kTorchCuda, [&] { return gpu_library().open_cuda_library(index); });
  if (loads) {
    gpu.own_kernels = examine_own_kernels(checks);
  } else {
    checks.skip(kPlugin, "no LibTorch for GPUs to use them with");
  }
  return enough && loads ? gpu : cpu;
}

void examine_machine(Checks& checks, std::int64_t weights) {
  checks.look("cpu", [] {
    return "kernels " + std::string(kernels::active().name) + " on " + std::to_string(threads()) +
           (threads() == 1 ? " thread" : " threads");
  });
  checks.look("memory", [&] {
    const auto needed = static_cast<std::uint64_t>(weights) * sizeof(float);
    const std::uint64_t available = available_memory();
    if (available >= needed) return gigabytes(available) + " available";
    throw Error(ErrorKind::model, gigabytes(available) + " available, and this model takes " +
                                      gigabytes(needed) +
                                      " in fp32: end other programs, or take a smaller model");
  });
}

}  // namespace caption
