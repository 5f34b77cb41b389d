// The shared library libcaption_libtorch.so.

#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <torch/headeronly/version.h>

#include "cuda/cpu_kernels.h"
#include "kernels/parallel.h"
#include "libtorch/engine/cuda_library.h"
#include "libtorch/engine/gpu_engine.h"
#include "libtorch/engine/limits.h"
#include "libtorch/engine/use_libtorch.h"
#include "pipeline/gpu_library.h"

namespace caption {
namespace {

at::Device gpu(int index) {
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

std::unique_ptr<Engine> make_engine(const std::filesystem::path& folder, const GpuOptions& options) {
  set_threads(options.threads);  // this library's own, for sampling
  const at::Device device = gpu(options.index);
  return make_engine_on(folder, {device, options.weights}, resize_on(device, options.note), options.note);
}

/// "cudart 13.0\ncudnn 9.26.0\n" -> "cudart 13.0, cudnn 9.26.0"
std::string in_one_line(std::string lines) {
  if (!lines.empty() && lines.back() == '\n') lines.pop_back();
  for (std::size_t i = lines.find('\n'); i != std::string::npos; i = lines.find('\n', i))
    lines.replace(i, 1, ", ");
  return lines;
}

std::string kernel_versions() {
  const cuda::Kernels* const kernels = open_own_kernels();
  return kernels != nullptr ? in_one_line(kernels->versions()) : "";
}

std::vector<cuda::Comparison> compare_kernels(int index) {
  const cuda::Kernels* const kernels = open_own_kernels();
  if (kernels == nullptr) return {};
  return use_libtorch(gpu(index), [&] {
    const c10::DeviceGuard current(gpu(index));  // where kernels of our own run
    return cuda::compare_kernels(*kernels, cuda::cpu_kernels());
  });
}

DeviceLimits limits_of(int index) {
  return measure_limits(gpu(index));
}

std::string versions() {
  return std::string("libtorch ") + TORCH_VERSION + "\n";
}

}  // namespace
}  // namespace caption

const caption::GpuLibrary* caption_gpu_library() {
  using namespace caption;
  static constexpr GpuLibrary kLibrary{.make_engine = make_engine,
                                       .cuda_library = cuda_library,
                                       .open_cuda_library = open_cuda_library,
                                       .kernel_versions = kernel_versions,
                                       .compare_kernels = compare_kernels,
                                       .measure_limits = limits_of,
                                       .versions = versions};
  // What the CPU does for a GPU is little, and a run's own threads are busy reading images.
  at::set_num_threads(1);
  return &kLibrary;
}
