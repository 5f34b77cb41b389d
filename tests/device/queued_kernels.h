#pragma once

#include "../unit/cuda/stand_in.h"
#include "accelerator.h"

namespace caption {

/// The GPU's kernels as kernels of the test device.
class QueuedKernels : public cuda::StandIn {
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
};

}  // namespace caption
