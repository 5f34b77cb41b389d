#pragma once

#include "accelerator.h"
#include "cuda/cpu_kernels.h"

namespace caption {

/// The GPU's kernels as kernels of the test device.
class QueuedKernels : public cuda::Kernels {
 public:
  void top_tokens(const cuda::TopTokens& request, cuda::Stream stream) const override {
    accelerator::launch(
        [=] { cuda::cpu_kernels().top_tokens(request, stream); },
        {{request.logits}, {request.tokens, request.log_probabilities, request.status, request.scratch}});
  }
  void resize(const cuda::Resize& request, cuda::Stream stream) const override {
    accelerator::launch([=] { cuda::cpu_kernels().resize(request, stream); },
                        {{request.image, request.across.start, request.across.length, request.across.weights,
                          request.down.start, request.down.length, request.down.weights, request.normalised},
                         {request.scratch, request.pixels}});
  }
  void attend(const cuda::Attend& request, cuda::Stream stream) const override {
    accelerator::launch([=] { cuda::cpu_kernels().attend(request, stream); },
                        {{request.qkv, request.places, request.counts}, {request.store, request.result}});
  }
  void* allocate(std::size_t bytes) const override { return cuda::cpu_kernels().allocate(bytes); }
  void release(void* memory) const override { cuda::cpu_kernels().release(memory); }
  void copy_in(void* device, const void* host, std::size_t bytes) const override {
    cuda::cpu_kernels().copy_in(device, host, bytes);
  }
  void copy_out(void* host, const void* device, std::size_t bytes) const override {
    cuda::cpu_kernels().copy_out(host, device, bytes);
  }
  std::string versions() const override { return "kernels of the test device\n"; }
};

}  // namespace caption
