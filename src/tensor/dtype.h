#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace caption {

/// Type of a tensor's elements.
enum class DType : std::uint8_t { fp64, fp32, fp16, bf16, int64, int32, int16, int8, uint8, boolean };

/// Bytes of one element.
constexpr std::size_t item_size(DType type) {
  switch (type) {
    case DType::fp64:
    case DType::int64:
      return 8;
    case DType::fp32:
    case DType::int32:
      return 4;
    case DType::fp16:
    case DType::bf16:
    case DType::int16:
      return 2;
    case DType::int8:
    case DType::uint8:
    case DType::boolean:
      return 1;
  }
  return 0;
}

/// "fp32", "int8", ...
std::string_view name_of(DType type);

/// Whether weights may have this type: fp32, fp16 or bf16.
constexpr bool is_weight_type(DType type) {
  return type == DType::fp32 || type == DType::fp16 || type == DType::bf16;
}

constexpr bool is_integer(DType type) {
  return type == DType::int64 || type == DType::int32 || type == DType::int16 || type == DType::int8 ||
         type == DType::uint8;
}

}  // namespace caption
