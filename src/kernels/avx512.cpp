#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12 takes the "undefined" operands inside its own intrinsics for a mistake of the caller (its bug
// 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), \
                             apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")
#endif

namespace caption::kernels {
namespace {

#include "kernels/avx512.h"
#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

/// Words of four int8 without an instruction for them: widened to 16 bits, of which neighbouring products are
/// added.
struct Int8Product : PlainBytes {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  using Input = __m512i;
  /// 8 outputs each, 4 inputs of 16 bits
  struct Weights {
    __m512i first;
    __m512i second;
  };
  /// 8 outputs each, of which every one has two sums side by side
  using Register = Weights;
  static constexpr int kRows = 5;
  template <int Rows>
  static constexpr int kColumns = 2;

  static Weights load(const std::uint32_t* words) {
    const auto* halves = reinterpret_cast<const __m256i*>(words);
    return {_mm512_cvtepi8_epi16(_mm256_loadu_si256(halves)),
            _mm512_cvtepi8_epi16(_mm256_loadu_si256(halves + 1))};
  }
  static Input input(const std::uint32_t* words) {
    return _mm512_cvtepu8_epi16(_mm256_set1_epi32(static_cast<int>(*words)));
  }
  static Register add(const Register& sum, Input x, const Weights& w) {
    return {_mm512_add_epi32(sum.first, _mm512_madd_epi16(x, w.first)),
            _mm512_add_epi32(sum.second, _mm512_madd_epi16(x, w.second))};
  }
  static Register start(const std::int32_t* sums) {
    const auto* halves = reinterpret_cast<const __m256i*>(sums);
    return {_mm512_cvtepu32_epi64(_mm256_loadu_si256(halves)),
            _mm512_cvtepu32_epi64(_mm256_loadu_si256(halves + 1))};
  }
  static void store(const Register& sum, std::int32_t* sums) {
    auto* halves = reinterpret_cast<__m256i*>(sums);
    _mm256_storeu_si256(halves, together(sum.first));
    _mm256_storeu_si256(halves + 1, together(sum.second));
  }

 private:
  static __m256i together(__m512i pairs) {
    return _mm512_cvtepi64_epi32(_mm512_add_epi32(pairs, _mm512_srli_epi64(pairs, 32)));
  }
};

#include "kernels/body.h"

}  // namespace

extern const Kernels kAvx512 = make_kernels("avx512");

}  // namespace caption::kernels

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
