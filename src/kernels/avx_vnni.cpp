#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#else
#pragma GCC target("avx2,fma,f16c,avxvnni")
#endif

namespace caption::kernels {
namespace {

#include "kernels/avx2.h"
#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

/// Four products of an unsigned and a signed byte at once, as with AVX-512, in half its width.
struct Int8Product : PlainBytes {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  using Input = __m256i;
  /// 8 outputs each
  struct Weights {
    __m256i first;
    __m256i second;
  };
  using Register = Weights;
  static constexpr int kRows = 6;
  template <int Rows>
  static constexpr int kColumns = Lanes::kBlockColumns<Rows>;

  static Weights load(const std::uint32_t* words) {
    const auto* halves = reinterpret_cast<const __m256i*>(words);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
  }
  static Input input(const std::uint32_t* words) { return _mm256_set1_epi32(static_cast<int>(*words)); }
  static Register add(const Register& sum, Input x, const Weights& w) {
    return {_mm256_dpbusd_avx_epi32(sum.first, x, w.first), _mm256_dpbusd_avx_epi32(sum.second, x, w.second)};
  }
  static Register start(const std::int32_t* sums) {
    return load(reinterpret_cast<const std::uint32_t*>(sums));
  }
  static void store(const Register& sum, std::int32_t* sums) {
    auto* halves = reinterpret_cast<__m256i*>(sums);
    _mm256_storeu_si256(halves, sum.first);
    _mm256_storeu_si256(halves + 1, sum.second);
  }
};

#include "kernels/body.h"

}  // namespace

extern const Kernels kAvxVnni = make_kernels("avx_vnni");

}  // namespace caption::kernels

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
