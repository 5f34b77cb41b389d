#include "libtorch/engine/gpu_parts.h"

#include <mutex>

#include "libtorch/graphs/cuda_graphs.h"
#include "libtorch/engine/own_kernels.h"
#include "base/shared_library.h"

namespace caption {
namespace {

struct GpuLibraries {
  GpuLibraries()
      : kernels(from_library<decltype(&caption_cuda_kernels)>("libcaption_cuda.so", "caption_cuda_kernels",
                                                              reason)),
        graphs(from_library<decltype(&caption_cuda_graphs)>("libcaption_cuda_graphs.so",
                                                            "caption_cuda_graphs", reason)) {}

  std::string reason;  // before what fills it
  const cuda::Kernels* kernels;
  const CudaGraphs* graphs;
};

/// Nothing for what is no GPU.
const GpuLibraries* libraries_for(at::Device device, const std::function<void(const std::string&)>& note) {
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

SearchParts search_parts(const Gpt2& gpt2, const Compute& compute,
                         const std::function<void(const std::string&)>& note) {
  SearchParts parts;
  const GpuLibraries* const libraries = libraries_for(compute.device, note);
  if (libraries == nullptr) return parts;
  if (libraries->graphs != nullptr)
    parts.run = run_by_graphs(libraries->graphs->make_recorder(compute.device.index()), note);
  if (libraries->kernels == nullptr) return parts;
  parts.top_k = top_k_by_kernels(*libraries->kernels);
  if (compute.weights != at::kBFloat16 && gpt2.context() <= cuda::kMostPositions)
    parts.attention = attention_by_kernels(*libraries->kernels);
  return parts;
}

ResizeFunction resize_on(at::Device device, const std::function<void(const std::string&)>& note) {
  const GpuLibraries* const libraries = libraries_for(device, note);
  if (libraries == nullptr || libraries->kernels == nullptr) return {};
  return resize_by_kernels(*libraries->kernels);
}

}  // namespace caption
