#include "pipeline/device.h"

#include <charconv>
#include <cstdio>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "model/bundle.h"
#include "pipeline/cpu_engine.h"
#include "pipeline/gpu_library.h"

namespace caption {
namespace {

/// What a run takes on a GPU beside the weights: LibTorch's and cuBLAS's own memory, activations, keys and
/// values at the default batch.
constexpr std::uint64_t kWorkingBytes = std::uint64_t{1} << 30;

/// The oldest GPUs that LibTorch's CUDA 13 libraries have code for: Turing, as the T4 is.
constexpr int kOldestCapability = 75;

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::model, reason);
}

std::unique_ptr<Engine> open_on_cpu(const std::filesystem::path& folder, const ModelOptions& options) {
  return make_cpu_engine(folder, cpu_compute(options.precision));
}

std::unique_ptr<Engine> open_on_gpu(const std::filesystem::path& folder, int index,
                                    const ModelOptions& options) {
  require_gpu_library();
  const DType weights = weight_type(resolve_precision(options.precision, /*gpu=*/true));
  const CudaDriver driver;
  require_gpu(driver, index);
  require_memory(driver, index, weights, count_weights(folder));
  gpu_library().open_cuda_library(index);
  return gpu_library().make_engine(folder, {index, weights, options.threads, options.note});
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

std::string gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

void require_gpu(const CudaDriver& driver, int index) {
  if (index >= driver.count()) {
    refuse("there is no such GPU: the last of this machine's " + std::to_string(driver.count()) +
           " is cuda:" + std::to_string(driver.count() - 1) + " (" + driver.name(driver.count() - 1) +
           "): take that, or use the device cpu");
  }
  const int capability = driver.capability(index);
  if (capability >= kOldestCapability) return;
  refuse(driver.name(index) + " has compute capability " + std::to_string(capability / 10) + "." +
         std::to_string(capability % 10) +
         ", and 7.5 is needed (a T4 or later): take another GPU, or use the device cpu");
}

void require_memory(const CudaDriver& driver, int index, DType weights, std::int64_t count) {
  const CudaDriver::Memory memory = driver.memory(index);
  const std::uint64_t needed = static_cast<std::uint64_t>(count) * item_size(weights) + kWorkingBytes;
  if (memory.free >= needed) return;
  refuse(driver.name(index) + " has " + gigabytes(memory.free) + " of its " + gigabytes(memory.total) +
         " free, and this model takes about " + gigabytes(needed) + ": end what else uses the GPU" +
         (weights == DType::fp32 ? ", take the precision fp16" : "") + " or use the device cpu");
}

DType weight_type(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return DType::fp32;
    case Precision::fp16:
      return DType::fp16;
    case Precision::bf16:
      return DType::bf16;
    case Precision::int8:
      return DType::int8;
    case Precision::automatic:
      break;  // resolved by now
  }
  throw Error(ErrorKind::internal, "unknown precision");
}

Precision resolve_precision(Precision precision, bool gpu) {
  if (precision != Precision::automatic) return precision;
  if (gpu) return Precision::fp16;
  return kernels::find(kernels::InstructionSet::avx2) != nullptr ? Precision::bf16 : Precision::fp32;
}

CpuCompute cpu_compute(Precision precision) {
  if (precision == Precision::fp16) {
    throw Error(ErrorKind::usage, "the precision fp16 is for GPUs, and this runs on the CPU: take bf16");
  }
  return {.weights = weight_type(resolve_precision(precision, /*gpu=*/false))};
}

std::unique_ptr<Engine> open_engine(const std::filesystem::path& folder, const ModelOptions& options) {
  const std::optional<int> index = cuda_index(options.device);
  const bool automatic = options.device == "auto";
  if (!index && !automatic && options.device != "cpu") {
    throw Error(ErrorKind::usage, "device '" + options.device + "': expected auto, cpu, cuda or cuda:N");
  }
  const std::string asked = "device " + options.device;
  const bool int8 = options.precision == Precision::int8;
  if (index && int8)
    throw Error(ErrorKind::usage, "the precision int8 is for the CPU: take fp16 with the " + asked);
  if (!index && (!automatic || int8 || !has_gpu_library())) return open_on_cpu(folder, options);
  try {
    return open_on_gpu(folder, index.value_or(0), options);
  } catch (const Error& error) {
    if (!automatic || error.kind() != ErrorKind::model)
      throw Error(error.kind(), asked + ": " + error.what());
    if (options.note) options.note(asked + " takes the CPU: " + error.what());
    return open_on_cpu(folder, options);
  }
}

}  // namespace caption
