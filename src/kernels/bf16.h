// Bf16Product by AVX512_BF16. Included like body.h, inside an unnamed namespace.

/// Pairs of bf16 at once. As measured and as Intel's manual says: both products are fused into the fp32 sum
/// one after the other, the upper half's first. Denormals are flushed, but there are none (see bf16_bits).
struct Bf16Product {
  using Word = std::uint32_t;
  using Sum = float;
  using Input = __m512i;
  using Weights = __m512i;
  using Register = __m512;
  static constexpr int kRows = 6;
  template <int Rows>
  static constexpr int kColumns = 4;
  static constexpr int kInputWords = 1;
  static constexpr std::int64_t kPassSteps = kNearSteps;

  static __m512i load(const std::uint32_t* words) { return _mm512_loadu_si512(words); }
  static __m512i input(const std::uint32_t* words) { return _mm512_set1_epi32(static_cast<int>(*words)); }
  static __m512 add(__m512 sum, __m512i x, __m512i w) {
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, x), __builtin_bit_cast(__m512bh, w));
  }
  /// 32 floats to 16 words, as bf16_bits does it.
  static void round(const float* x, std::uint32_t* words) {
    const __m512i mask = _mm512_set1_epi64(static_cast<long long>(0xffff0000U));
    const auto pairs = [&](const float* from) {  // the earlier one is the lower half of 64 bits
      const __m512i bits = rounded(from);
      const __m512i both = _mm512_or_si512(_mm512_and_si512(bits, mask), _mm512_srli_epi64(bits, 48));
      return _mm512_cvtepi64_epi32(both);
    };
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), pairs(x));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + 8), pairs(x + kLanes));
  }
  static __m512 start(const float* sums) { return _mm512_loadu_ps(sums); }
  static void store(__m512 sum, float* sums) { _mm512_storeu_ps(sums, sum); }

 private:
  /// In the upper halves.
  static __m512i rounded(const float* x) {
    const __m512i bits = _mm512_loadu_si512(x);
    const __m512i size = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
    const __m512i even = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(even, _mm512_set1_epi32(0x7fff)));
    const __mmask16 large = _mm512_cmpge_epi32_mask(size, _mm512_set1_epi32(static_cast<int>(kSmallestBf16)));
    const __mmask16 nan = _mm512_cmpgt_epi32_mask(size, _mm512_set1_epi32(static_cast<int>(kInfinityBits)));
    return _mm512_mask_mov_epi32(_mm512_maskz_mov_epi32(large, up), nan, _mm512_set1_epi32(0x7fc00000));
  }
};
