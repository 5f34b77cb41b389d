#include "pipeline/device.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "caption/error.h"
#include "core/kernels.h"

namespace caption {
namespace {

/// The N of "cuda:N", 0 of "cuda"; nothing if `name` is neither.
std::optional<int> cuda_index(std::string_view name) {
  if (name == "cuda") return 0;
  if (!name.starts_with("cuda:")) return std::nullopt;
  name.remove_prefix(5);
  int index = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size() || index < 0) return std::nullopt;
  return index;
}

at::Device resolve_device(const std::string& name) {
  const std::optional<int> cuda = cuda_index(name);
  if (!cuda && name != "auto" && name != "cpu") {
    throw Error(ErrorKind::usage, "--device '" + name + "': expected auto, cpu, cuda or cuda:N");
  }
  if (name == "cpu" || (name == "auto" && !at::hasCUDA())) return at::kCPU;
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::model,
                "--device " + name +
                    ": this installation has LibTorch's CPU libraries only, so no GPU can be used; use "
                    "--device cpu or --device auto");
  }
  const int count = at::detail::getCUDAHooks().getNumGPUs();
  if (cuda.value_or(0) >= count) {
    throw Error(ErrorKind::model, "--device " + name + ": this machine has " + std::to_string(count) +
                                      " GPUs, numbered from cuda:0");
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(cuda.value_or(0))};
}

at::ScalarType weight_type(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return at::kFloat;
    case Precision::bf16:
      return at::kBFloat16;
    case Precision::int8:
      return at::kChar;
    case Precision::automatic:
      break;  // resolved by now
  }
  throw Error(ErrorKind::internal, "unknown precision");
}

}  // namespace

Precision resolve_precision(Precision precision, at::Device device) {
  if (precision != Precision::automatic) return precision;
  const bool fast = !device.is_cpu() || kernels::find(kernels::InstructionSet::avx512) != nullptr;
  return fast ? Precision::bf16 : Precision::fp32;
}

Compute resolve_compute(const ModelOptions& options) {
  Compute compute;
  compute.device = resolve_device(options.device);
  compute.weights = weight_type(resolve_precision(options.precision, compute.device));
  if (compute.weights == at::kChar && !compute.device.is_cpu()) {
    throw Error(ErrorKind::usage, "--precision int8 runs on the CPU only: add --device cpu, or take bf16");
  }
  return compute;
}

}  // namespace caption
