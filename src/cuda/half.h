#pragma once

#include <cstdint>

#include "cuda/block.h"

#ifndef __CUDACC__
#include <bit>
#endif

namespace caption::cuda {

/// An IEEE half-precision number, as PyTorch's.
struct Half {
  std::uint16_t bits;
};

CAPTION_DEVICE float to_float(float value) {
  return value;
}

CAPTION_DEVICE float to_float(Half value) {
#ifdef __CUDACC__
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
#else
  return static_cast<float>(std::bit_cast<_Float16>(value.bits));
#endif
}

/// `value` rounded to T, the nearest, of two the even one.
template <typename T>
CAPTION_DEVICE T from_float(float value);

template <>
CAPTION_DEVICE float from_float<float>(float value) {
  return value;
}

template <>
CAPTION_DEVICE Half from_float<Half>(float value) {
#ifdef __CUDACC__
  Half result;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  return result;
#else
  return {std::bit_cast<std::uint16_t>(static_cast<_Float16>(value))};
#endif
}

}  // namespace caption::cuda
