#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c")
#endif

namespace caption::kernels {
namespace {

#include "kernels/avx2.h"
#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

/// Words of four int8. Products of an unsigned and a signed byte are added up in pairs of 16 bits, which hold
/// them if the one is at most 128. So of a row's integers less 128 the magnitudes are taken, and where one is
/// negative, the weight w as its complement, which is -w - 1: what that is too little by is the same for all
/// outputs.
struct Int8Product {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  /// 8 times the same word
  struct Input {
    __m256i negative;  ///< all bits of those bytes
    __m256i magnitudes;
  };
  /// 8 outputs each
  struct Weights {
    __m256i first;
    __m256i second;
  };
  using Register = Weights;
  static constexpr int kRows = 6;
  template <int Rows>
  static constexpr int kColumns = Lanes::kBlockColumns<Rows>;
  static constexpr int kInputWords = 2;

  static Weights load(const std::uint32_t* words) {
    const auto* halves = reinterpret_cast<const __m256i*>(words);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
  }
  static Input input(const std::uint32_t* words) {
    return {_mm256_set1_epi32(static_cast<int>(words[0])), _mm256_set1_epi32(static_cast<int>(words[1]))};
  }
  static Register add(const Register& sum, const Input& x, const Weights& w) {
    return {_mm256_add_epi32(sum.first, products(x, w.first)),
            _mm256_add_epi32(sum.second, products(x, w.second))};
  }
  static Register start(const std::int32_t* sums) {
    return load(reinterpret_cast<const std::uint32_t*>(sums));
  }
  static void store(const Register& sum, std::int32_t* sums) {
    auto* halves = reinterpret_cast<__m256i*>(sums);
    _mm256_storeu_si256(halves, sum.first);
    _mm256_storeu_si256(halves + 1, sum.second);
  }
  template <int Shift>
  static Origin store_bytes(Lanes a, std::uint32_t zero, std::int64_t count, std::uint32_t* words) {
    alignas(16) std::uint8_t bytes[kLanes];
    Lanes::store_bytes<Shift>(a, zero - 128, bytes);
    for (std::int64_t i = count; i < kLanes; ++i) bytes[i] = 0;
    const __m128i integers = _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
    const __m128i magnitudes = _mm_abs_epi8(integers);
    const __m128i negative = _mm_cmpgt_epi8(_mm_setzero_si128(), integers);
    auto* steps = reinterpret_cast<__m128i*>(words);
    _mm_storeu_si128(steps, _mm_unpacklo_epi32(negative, magnitudes));
    _mm_storeu_si128(steps + 1, _mm_unpackhi_epi32(negative, magnitudes));
    const __m128i halves = _mm_sad_epu8(_mm_and_si128(magnitudes, negative), _mm_setzero_si128());
    return {static_cast<std::int32_t>(zero) - 128,
            _mm_extract_epi16(halves, 0) + _mm_extract_epi16(halves, 4)};
  }

 private:
  static __m256i products(const Input& x, __m256i w) {
    const __m256i pairs = _mm256_maddubs_epi16(x.magnitudes, _mm256_xor_si256(w, x.negative));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
};

#include "kernels/body.h"

}  // namespace

extern const Kernels kAvx2 = make_kernels("avx2");

}  // namespace caption::kernels

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
