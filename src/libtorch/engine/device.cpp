#include "libtorch/engine/device.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <link.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "cuda/driver.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What a run takes on a GPU beside the weights: LibTorch's and cuBLAS's own memory, activations, keys and
/// values at the default batch.
constexpr std::uint64_t kWorkingBytes = std::uint64_t{1} << 30;

/// The oldest GPUs that LibTorch's CUDA 13 libraries have code for: Turing, as the T4 is.
constexpr int kOldestCapability = 75;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::model, reason);
}

at::ScalarType weight_type(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return at::kFloat;
    case Precision::fp16:
      return at::kHalf;
    case Precision::bf16:
      return at::kBFloat16;
    case Precision::int8:
      return at::kChar;
    case Precision::automatic:
      break;  // resolved by now
  }
  throw Error(ErrorKind::internal, "unknown precision");
}

/// Throws Error(model) if the GPU cannot be used for a model of `weights` weights.
Compute use_gpu(int index, Precision precision, std::int64_t weights) {
  const CudaDriver driver;
  require_gpu(driver, index);
  Compute compute;
  compute.device = {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
  compute.weights = weight_type(resolve_precision(precision, compute.device));
  require_memory(driver, index, compute.weights, weights);
  open_cuda_library(driver, index);
  return compute;
}

Compute use_cpu(Precision precision) {
  if (precision == Precision::fp16) {
    throw Error(ErrorKind::usage, "--precision fp16 is for GPUs, and this runs on the CPU: take bf16");
  }
  return {.device = at::kCPU, .weights = weight_type(resolve_precision(precision, at::kCPU))};
}

}  // namespace

std::optional<int> cuda_index(std::string_view name) {
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) return std::nullopt;
  name.remove_prefix(5);
  int index = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size() || index < 0) return std::nullopt;
  return index;
}

fs::path cuda_library() {
  void* cpu = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
  char folder[4096];
  if (cpu == nullptr || dlinfo(cpu, RTLD_DI_ORIGIN, folder) != 0)
    throw Error(ErrorKind::internal, "cannot find the folder of libtorch_cpu.so");
  dlclose(cpu);
  return fs::path(folder) / "libtorch_cuda.so";
}

std::string gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

void require_gpu(const CudaDriver& driver, int index) {
  if (index >= driver.count()) {
    refuse("there is no such GPU: the last of this machine's " + std::to_string(driver.count()) +
           " is cuda:" + std::to_string(driver.count() - 1) + " (" + driver.name(driver.count() - 1) +
           "): take that, or use --device cpu");
  }
  const int capability = driver.capability(index);
  if (capability >= kOldestCapability) return;
  refuse(driver.name(index) + " has compute capability " + std::to_string(capability / 10) + "." +
         std::to_string(capability % 10) +
         ", and 7.5 is needed (a T4 or later): take another GPU, or use --device cpu");
}

void require_memory(const CudaDriver& driver, int index, at::ScalarType weights, std::int64_t count) {
  const CudaDriver::Memory memory = driver.memory(index);
  const std::uint64_t needed = static_cast<std::uint64_t>(count) * c10::elementSize(weights) + kWorkingBytes;
  if (memory.free >= needed) return;
  refuse(driver.name(index) + " has " + gigabytes(memory.free) + " of its " + gigabytes(memory.total) +
         " free, and this model takes about " + gigabytes(needed) + ": end what else uses the GPU" +
         (weights == at::kFloat ? ", add --precision fp16" : "") + " or use --device cpu");
}

void open_cuda_library(const CudaDriver& driver, int index) {
  const fs::path library = cuda_library();
  // Never closed: it registers its operators with LibTorch.
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    const char* reason = dlerror();
    refuse("cannot load " + library.string() + ": " + (reason != nullptr ? reason : "?") +
           ": install it again with 'scripts/setup --cuda', or use --device cpu");
  }
  if (!at::hasCUDA()) {
    refuse("LibTorch cannot use the GPU that the driver finds, " + driver.name(index) +
           ": look at nvidia-smi, or use --device cpu");
  }
}

Precision resolve_precision(Precision precision, at::Device device) {
  if (precision != Precision::automatic) return precision;
  if (!device.is_cpu()) return Precision::fp16;
  return kernels::find(kernels::InstructionSet::avx512) != nullptr ? Precision::bf16 : Precision::fp32;
}

Compute resolve_compute(const ModelOptions& options, const CountWeights& count_weights) {
  const std::optional<int> index = cuda_index(options.device);
  const bool automatic = options.device == "auto";
  if (!index && !automatic && options.device != "cpu") {
    throw Error(ErrorKind::usage, "--device '" + options.device + "': expected auto, cpu, cuda or cuda:N");
  }
  const std::string asked = "--device " + options.device;
  const bool int8 = options.precision == Precision::int8;
  if (index && int8)
    throw Error(ErrorKind::usage, "--precision int8 is for the CPU: take fp16 with " + asked);
  if (!index && (!automatic || int8)) return use_cpu(options.precision);
  if (!fs::exists(cuda_library())) {
    if (automatic) return use_cpu(options.precision);
    refuse(asked +
           ": this installation has LibTorch's CPU libraries only: build it with those that 'scripts/setup "
           "--cuda' "
           "fetches, or use --device cpu");
  }
  const std::int64_t weights = count_weights();
  try {
    return use_gpu(index.value_or(0), options.precision, weights);
  } catch (const Error& error) {
    if (!automatic || error.kind() != ErrorKind::model)
      throw Error(error.kind(), asked + ": " + error.what());
    if (options.note) options.note(asked + " takes the CPU: " + error.what());
    return use_cpu(options.precision);
  }
}

}  // namespace caption
