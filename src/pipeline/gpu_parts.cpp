#include "pipeline/gpu_parts.h"

#include <mutex>

#include "cuda_graphs/cuda_graphs.h"
#include "pipeline/own_kernels.h"
#include "pipeline/shared_library.h"

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

}  // namespace

SearchParts search_parts(const Gpt2& gpt2, const Compute& compute,
                         const std::function<void(const std::string&)>& note) {
  SearchParts parts;
  if (!compute.device.is_cuda()) return parts;
  static const GpuLibraries libraries;
  if (!libraries.reason.empty()) {
    static std::once_flag told;
    std::call_once(told, [&] {
      if (note)
        note("decoding is slower than it could be: " + libraries.reason +
             ": build caption again with -DCAPTION_CUDA=ON");
    });
  }
  if (libraries.graphs == nullptr) return parts;
  parts.run = run_by_graphs(libraries.graphs->make_recorder(compute.device.index()), note);
  if (libraries.kernels == nullptr) return parts;
  const CurrentStream stream = [](at::Device device) {
    return libraries.graphs->current_stream(device.index());
  };
  parts.likeliest = likeliest_by_kernels(*libraries.kernels, stream);
  if (compute.weights != at::kBFloat16 && gpt2.context() <= cuda::kMostPositions)
    parts.attention = attention_by_kernels(*libraries.kernels, stream);
  return parts;
}

}  // namespace caption
