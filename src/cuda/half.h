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
  const std::uint32_t sign = (value.bits & 0x8000U) << 16;
  const std::uint32_t exponent = value.bits >> 10 & 31U;
  const std::uint32_t fraction = value.bits & 1023U;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float small = static_cast<float>(fraction) * 0x1p-24F;
  return sign == 0 ? small : -small;
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
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  const std::uint32_t size = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (size > 0x7F800000U) {
    half = 0x7E00U;  // NaN
  } else if (size >= 0x477FF000U) {
    half = 0x7C00U;                  // 65520 and more: infinity
  } else if (size >= 0x38800000U) {  // a normal number: the odd ones round up from the middle
    half = (size + 0xFFFU + (size >> 13 & 1U) - (112U << 23)) >> 13;
  } else {  // in steps of 2^-24, which are the last bits of 2^23 + steps
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) * 0x1p24F + 0x1p23F) - 0x4B000000U;
  }
  return {static_cast<std::uint16_t>(sign | half)};
#endif
}

}  // namespace caption::cuda
