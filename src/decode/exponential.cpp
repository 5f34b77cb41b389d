#include "decode/exponential.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

// These loops are most of what a decoding step costs outside the model, so each is compiled for the vector
// units that x86 machines may have and chosen at start-up. The arithmetic is the same in all of them, bit for
// bit: the lanes are fixed, and multiplications and additions are not fused. Sanitizers do not go with such a
// choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define CAPTION_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#pragma GCC optimize("fp-contract=off")
#else
#define CAPTION_VECTORISED
#endif

namespace caption {
namespace {

constexpr std::size_t kLanes = 16;

/// The lanes as one value, which compilers cut into as many registers as a machine needs: of loops over
/// arrays GCC 12 makes vector instructions for AVX-512 alone.
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Bits = std::uint32_t __attribute__((vector_size(4 * kLanes)));

// All of these by reference, as how such values are passed depends on the machine.

inline void load(const float* values, Floats& lanes) {
  std::memcpy(&lanes, values, sizeof lanes);
}

/// x becomes exp(x), for x <= 0: 2^n e^r with |r| <= ln(2) / 2 and e^r by its Taylor series up to r^6.
inline __attribute__((always_inline)) void exponentiate(Floats& x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits, so that n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  const Floats shifted = x * kLog2E + kRound;
  const Floats n = shifted - kRound;
  const Floats r = (x - n * kLn2High) - n * kLn2Low;
  Floats series = r * (1.0F / 720) + 1.0F / 120;
  series = series * r + 1.0F / 24;
  series = series * r + 1.0F / 6;
  series = series * r + 0.5F;
  series = series * r * r + r + 1.0F;
  const Bits exponent = __builtin_bit_cast(Bits, shifted) << 23;
  const Bits result = __builtin_bit_cast(Bits, series) + exponent;
  x = x < -87.0F ? Floats{} : __builtin_bit_cast(Floats, result);
}

}  // namespace

CAPTION_VECTORISED
void find_block_peaks(const float* values, std::size_t count, float* peaks) {
  for (std::size_t begin = 0; begin < count; begin += kExponentialBlock) {
    const float* block = values + begin;
    const std::size_t size = std::min(kExponentialBlock, count - begin);
    Floats largest = Floats{} - std::numeric_limits<float>::infinity();
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      Floats next;
      load(block + i, next);
      largest = largest < next ? next : largest;
    }
    float peak = -std::numeric_limits<float>::infinity();
    for (; i < size; ++i) peak = peak < block[i] ? block[i] : peak;
    for (std::size_t lane = 0; lane < kLanes; ++lane) peak = peak < largest[lane] ? largest[lane] : peak;
    peaks[begin / kExponentialBlock] = peak;
  }
}

CAPTION_VECTORISED
double sum_of_exponentials(const float* values, std::size_t count, float peak) {
  double sum = 0;
  for (std::size_t begin = 0; begin < count; begin += kExponentialBlock) {
    const float* block = values + begin;
    const std::size_t size = std::min(kExponentialBlock, count - begin);
    Floats lanes{};
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      Floats x;
      load(block + i, x);
      x -= peak;
      exponentiate(x);
      lanes += x;
    }
    if (i < size) {
      float rest[kLanes];  // what is beyond the row's end adds nothing
      std::fill_n(rest, kLanes, -std::numeric_limits<float>::infinity());
      std::copy(block + i, block + size, rest);
      Floats x;
      load(rest, x);
      x -= peak;
      exponentiate(x);
      lanes += x;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += static_cast<double>(lanes[lane]);
  }
  return sum;
}

CAPTION_VECTORISED
void exponentials(const float* values, std::size_t count, float peak, float* result) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const std::size_t size = std::min(kLanes, count - i);
    Floats x{};
    std::memcpy(&x, values + i, size * sizeof(float));
    x -= peak;
    exponentiate(x);
    std::memcpy(result + i, &x, size * sizeof(float));
  }
}

}  // namespace caption
