#pragma once

#include <ATen/ATen.h>

#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace caption {

// Between the CPU's tensors and LibTorch's.

/// LibTorch's name of a type.
at::ScalarType scalar_type(DType type);

/// The same elements as a tensor of LibTorch's on the CPU, which keeps their memory (a mapped file, too). It
/// must not be written to. Undefined for an undefined one.
at::Tensor view_of(const Tensor& tensor);

/// The same values on `device` in `type`, contiguous; on the CPU itself perhaps the same elements. Undefined
/// for an undefined one.
at::Tensor upload(const Tensor& tensor, at::Device device, DType type);

/// fp32 on any device -> the same values in the CPU's memory, copied once. Waits for the device.
Tensor fetch(const at::Tensor& tensor);

}  // namespace caption
