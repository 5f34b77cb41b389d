#include "libtorch/engine/search_parts.h"

#include <filesystem>
#include <mutex>

#include "base/shared_library.h"
#include "caption/error.h"
#include "libtorch/engine/own_kernels.h"
#include "libtorch/graphs/cuda_graphs.h"

namespace caption {
namespace {

constexpr const char* kKernels = "libcaption_cuda.so";
constexpr const char* kGraphs = "libcaption_cuda_graphs.so";

const cuda::Kernels* kernels_or(std::string& reason) {
  return from_library<decltype(&caption_cuda_kernels)>(library_path(kKernels), "caption_cuda_kernels",
                                                       reason);
}

struct GpuLibraries {
  GpuLibraries()
      : kernels(kernels_or(reason)),
        graphs(from_library<decltype(&caption_cuda_graphs)>(library_path(kGraphs), "caption_cuda_graphs",
                                                            reason)) {}

  std::string reason;  // before what fills it
  const cuda::Kernels* kernels;
  const CudaGraphs* graphs;
};

/// Nothing for what is no GPU.
const GpuLibraries* libraries_for(at::Device device, const Note& note) {
  if (!device.is_cuda()) return nullptr;
  static const GpuLibraries libraries;
  if (!libraries.reason.empty() && note) {
    static std::once_flag told;
    std::call_once(told, [&] {
      note("captions take longer than they need: " + libraries.reason +
           ": build caption again with -DCAPTION_CUDA=ON");
    });
  }
  return &libraries;
}

}  // namespace

SearchParts search_parts(const Gpt2<at::Tensor>& gpt2, const Note& note) {
  SearchParts parts;
  const TorchCompute& compute = gpt2.compute();
  const GpuLibraries* const libraries = libraries_for(compute.device, note);
  if (libraries == nullptr) return parts;
  if (libraries->graphs != nullptr)
    parts.run = run_by_graphs(libraries->graphs->make_recorder(compute.device.index()), note);
  if (libraries->kernels == nullptr) return parts;
  parts.top_k = top_k_by_kernels(*libraries->kernels);
  if (compute.weights != DType::bf16 && gpt2.sizes().context <= cuda::kMostPositions &&
      gpt2.sizes().head_width() == cuda::kHeadWidth)
    parts.attention = attention_by_kernels(*libraries->kernels);
  return parts;
}

ResizeFunction resize_on(at::Device device, const Note& note) {
  const GpuLibraries* const libraries = libraries_for(device, note);
  if (libraries == nullptr || libraries->kernels == nullptr) return {};
  return resize_by_kernels(*libraries->kernels);
}

const cuda::Kernels* open_own_kernels() {
  const std::filesystem::path file = library_path(kKernels);
  if (!std::filesystem::exists(file)) return nullptr;
  std::string reason;
  if (const cuda::Kernels* const kernels = kernels_or(reason)) return kernels;
  throw Error(ErrorKind::model, "cannot load " + file.string() + ": " + reason +
                                    ": install it again with the libraries of 'scripts/setup --cuda'");
}

}  // namespace caption
