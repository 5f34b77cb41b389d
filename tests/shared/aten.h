#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "tensor/tensors.h"

// LibTorch is what tests compare with: its tensors as ours, and ours as its.

namespace caption {

inline DType from_aten(at::ScalarType type) {
  switch (type) {
    case at::kDouble:
      return DType::fp64;
    case at::kFloat:
      return DType::fp32;
    case at::kHalf:
      return DType::fp16;
    case at::kBFloat16:
      return DType::bf16;
    case at::kLong:
      return DType::int64;
    case at::kInt:
      return DType::int32;
    case at::kShort:
      return DType::int16;
    case at::kChar:
      return DType::int8;
    case at::kByte:
      return DType::uint8;
    default:
      TORCH_CHECK(type == at::kBool, "no such type here: ", type);
      return DType::boolean;
  }
}

inline at::ScalarType to_aten(DType type) {
  for (const at::ScalarType known : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                                     at::kShort, at::kChar, at::kByte}) {
    if (from_aten(known) == type) return known;
  }
  return at::kBool;
}

/// A copy with the same type, shape and strides; undefined becomes undefined.
inline Tensor from_aten(const at::Tensor& x) {
  if (!x.defined()) return {};
  std::int64_t items = x.numel() == 0 ? 0 : 1;  // from the first element to the last
  for (std::int64_t i = 0; i < x.dim() && items > 0; ++i) items += (x.size(i) - 1) * x.stride(i);
  const auto* const from = static_cast<const std::byte*>(x.const_data_ptr());
  const std::size_t bytes = static_cast<std::size_t>(items) * static_cast<std::size_t>(x.element_size());
  return Tensor::copy_of(std::span(from, bytes), from_aten(x.scalar_type()))
      .as_strided(x.sizes().vec(), x.strides().vec(), 0);
}

/// A contiguous copy with the same type and shape.
inline at::Tensor to_aten(const Tensor& x) {
  const Tensor from = x.contiguous();
  at::Tensor copy = at::empty(from.sizes(), to_aten(from.dtype()));
  if (copy.numel() > 0) std::memcpy(copy.mutable_data_ptr(), from.bytes(), copy.nbytes());
  return copy;
}

using AtenMap = std::map<std::string, at::Tensor>;

/// Named tensors as if they were a file's.
inline Tensors from_aten(const std::string& file, const std::string& prefix, const AtenMap& map) {
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : map) tensors.emplace(name, from_aten(tensor));
  return {file, prefix, std::move(tensors)};
}

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// Whether two tensors of one type are the same bit for bit.
inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous();
  const at::Tensor y = b.contiguous();
  if (x.sizes() != y.sizes() || x.scalar_type() != y.scalar_type()) return false;
  return x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

}  // namespace caption
