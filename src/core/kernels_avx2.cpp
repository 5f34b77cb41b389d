#include "core/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma GCC target("avx2,fma,f16c")

namespace caption::kernels {
namespace {

struct Lanes {
  static constexpr int kBlockRows = 3;
  static constexpr int kBlockColumns = 2;

  __m256 v;
  __m256 w;

  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes set(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes load_half(const std::uint16_t* p) {
    const auto* halves = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  }
  static void load_bf16_pair(const std::uint16_t* p, Lanes& low, Lanes& high) {
    const auto* pairs = reinterpret_cast<const __m256i*>(p);
    const __m256i upper = _mm256_set1_epi32(static_cast<int>(0xffff0000U));
    const __m256i first = _mm256_loadu_si256(pairs);
    const __m256i second = _mm256_loadu_si256(pairs + 1);
    low = {_mm256_castsi256_ps(_mm256_slli_epi32(first, 16)),
           _mm256_castsi256_ps(_mm256_slli_epi32(second, 16))};
    high = {_mm256_castsi256_ps(_mm256_and_si256(first, upper)),
            _mm256_castsi256_ps(_mm256_and_si256(second, upper))};
  }
  void store(float* p) const {
    _mm256_storeu_ps(p, v);
    _mm256_storeu_ps(p + 8, w);
  }
};

Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.v, b.v), _mm256_add_ps(a.w, b.w)};
}
Lanes operator-(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.v, b.v), _mm256_sub_ps(a.w, b.w)};
}
Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.v, b.v), _mm256_mul_ps(a.w, b.w)};
}
Lanes operator/(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.v, b.v), _mm256_div_ps(a.w, b.w)};
}
Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.v, b.v, c.v), _mm256_fmadd_ps(a.w, b.w, c.w)};
}
Lanes select_less(Lanes a, Lanes b, Lanes x, Lanes y) {
  return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)),
          _mm256_blendv_ps(y.w, x.w, _mm256_cmp_ps(a.w, b.w, _CMP_LT_OQ))};
}
Lanes floor(Lanes a) {
  return {_mm256_floor_ps(a.v), _mm256_floor_ps(a.w)};
}
Lanes power_of_two(Lanes n) {
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256i first = _mm256_add_epi32(_mm256_cvttps_epi32(n.v), bias);
  const __m256i second = _mm256_add_epi32(_mm256_cvttps_epi32(n.w), bias);
  return {_mm256_castsi256_ps(_mm256_slli_epi32(first, 23)),
          _mm256_castsi256_ps(_mm256_slli_epi32(second, 23))};
}

#include "core/kernels_body.h"

}  // namespace

extern const Kernels kAvx2 = make_kernels("avx2");

}  // namespace caption::kernels

#endif
