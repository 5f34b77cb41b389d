#pragma once

#include <cstdint>
#include <functional>

#include "cuda/kernels.h"
#include "device_decode/likeliest.h"
#include "gpt2/gpt2.h"

namespace caption {

// The kernels of src/cuda in the place of LibTorch's operators. What these functions give refers to
// `kernels`.

/// The stream that LibTorch's operators on a device are queued in now.
using CurrentStream = std::function<cuda::Stream(at::Device device)>;

/// For logits [R, V] fp32 on the kernels' device. More than cuda::kMostTopTokens tokens are found by
/// operators.
LikeliestFunction likeliest_by_kernels(const cuda::Kernels& kernels, CurrentStream stream);

/// For fp32 and fp16, and rows of at most cuda::kMostPositions positions; Error(internal) for others.
StepAttentionFunction attention_by_kernels(const cuda::Kernels& kernels, CurrentStream stream);

}  // namespace caption
