#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace caption {

/// The value of an IEEE half-precision number.
float from_fp16(std::uint16_t bits);
/// The value of a bf16 number: the upper half of an fp32 one.
float from_bf16(std::uint16_t bits);

/// `count` neighbouring elements of fp16, bf16, fp32 or fp64 as fp32. Error(internal) for other types.
void widen(const std::byte* from, DType type, std::int64_t count, float* to);

}  // namespace caption
