#include "decode/exponential.h"

#include <algorithm>
#include <bit>
#include <cstdint>
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

/// exp(x) for x <= 0: 2^n e^r with |r| <= ln(2) / 2 and e^r by its Taylor series up to r^6.
inline float exp_of_negative(float x) {
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693359375F;  // few bits, so that n * kLn2High is exact
  constexpr float kLn2Low = -2.12194440e-4F;
  const float shifted = x * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float series = 1.0F / 720;
  series = series * r + 1.0F / 120;
  series = series * r + 1.0F / 24;
  series = series * r + 1.0F / 6;
  series = series * r + 0.5F;
  series = series * r * r + r + 1.0F;
  const std::uint32_t exponent = std::bit_cast<std::uint32_t>(shifted) << 23;
  const float result = std::bit_cast<float>(std::bit_cast<std::uint32_t>(series) + exponent);
  return x < -87.0F ? 0.0F : result;
}

}  // namespace

CAPTION_VECTORISED
void find_block_peaks(const float* values, std::size_t count, float* peaks) {
  for (std::size_t begin = 0; begin < count; begin += kExponentialBlock) {
    const float* block = values + begin;
    const std::size_t size = std::min(kExponentialBlock, count - begin);
    float lanes[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = -std::numeric_limits<float>::infinity();
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        lanes[lane] = lanes[lane] < block[i + lane] ? block[i + lane] : lanes[lane];
      }
    }
    float peak = -std::numeric_limits<float>::infinity();
    for (; i < size; ++i) peak = peak < block[i] ? block[i] : peak;
    for (std::size_t lane = 0; lane < kLanes; ++lane) peak = peak < lanes[lane] ? lanes[lane] : peak;
    peaks[begin / kExponentialBlock] = peak;
  }
}

CAPTION_VECTORISED
double sum_of_exponentials(const float* values, std::size_t count, float peak) {
  double sum = 0;
  for (std::size_t begin = 0; begin < count; begin += kExponentialBlock) {
    const float* block = values + begin;
    const std::size_t size = std::min(kExponentialBlock, count - begin);
    float lanes[kLanes] = {};
    std::size_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] += exp_of_negative(block[i + lane] - peak);
    }
    for (std::size_t lane = 0; i < size; ++i, ++lane) lanes[lane] += exp_of_negative(block[i] - peak);
    for (std::size_t lane = 0; lane < kLanes; ++lane) sum += static_cast<double>(lanes[lane]);
  }
  return sum;
}

CAPTION_VECTORISED
void exponentials(const float* values, std::size_t count, float peak, float* result) {
  for (std::size_t i = 0; i < count; ++i) result[i] = exp_of_negative(values[i] - peak);
}

}  // namespace caption
