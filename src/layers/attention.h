#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace caption {

/// `attention` of layers/layers.h by LibTorch's operators: for devices other than the CPU.
at::Tensor attention_by_aten(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                             std::int64_t heads, bool causal);

}  // namespace caption
