#pragma once

#include "cuda/kernels.h"
#include "libtorch/decode/top_k.h"
#include "libtorch/engine/transfer.h"
#include "libtorch/layers/gpt2_slots.h"

namespace caption {

// The kernels of src/cuda in the place of LibTorch's operators, queued in the stream in which those would be.
// What these functions give refers to `kernels`.

/// For logits [R, V] fp32 on the kernels' device. More than cuda::kMostTopTokens tokens are found by
/// operators.
TopKFunction top_k_by_kernels(const cuda::Kernels& kernels);

/// For fp32 and fp16, and rows of at most cuda::kMostPositions positions; Error(internal) for others.
StepAttentionFunction attention_by_kernels(const cuda::Kernels& kernels);

/// For images whose memory is of the kernels' device.
ResizeFunction resize_by_kernels(const cuda::Kernels& kernels);

}  // namespace caption
