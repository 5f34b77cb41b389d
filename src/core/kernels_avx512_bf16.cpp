#include "core/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12 takes the "undefined" operands inside its own intrinsics for a mistake of the caller (its bug
// 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16")

namespace caption::kernels {
namespace {

#include "core/kernels_avx512.h"
#include "core/kernels_product.h"
#include "core/kernels_vnni.h"

/// Pairs of bf16 at once. As measured and as Intel's manual says: both products are fused into the fp32 sum
/// one after the other, the upper half's first. Denormals are flushed, but there are none (see bf16_bits).
struct Bf16Product {
  using Word = std::uint32_t;
  using Sum = float;
  using Input = __m512i;
  using Weights = __m512i;
  using Register = __m512;
  static constexpr int kRows = 6;
  static constexpr int kColumns = 4;
  static constexpr int kInputWords = 1;

  static __m512i load(const std::uint32_t* words) { return _mm512_loadu_si512(words); }
  static __m512i input(const std::uint32_t* words) { return _mm512_set1_epi32(static_cast<int>(*words)); }
  static __m512 add(__m512 sum, __m512i x, __m512i w) {
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, x), __builtin_bit_cast(__m512bh, w));
  }
  static __m512 start(const float* sums) { return _mm512_loadu_ps(sums); }
  static void store(__m512 sum, float* sums) { _mm512_storeu_ps(sums, sum); }
};

#include "core/kernels_body.h"

}  // namespace

extern const Kernels kAvx512Bf16 = make_kernels("avx512_bf16");

}  // namespace caption::kernels

#endif
