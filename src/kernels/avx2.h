// `Lanes` in two AVX2 registers, shared by the instruction sets that have those. Included like body.h, inside
// an unnamed namespace.

constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kColumns = kPanel / kLanes;

struct Lanes {
  static constexpr bool kFetchNextPass = true;
  static constexpr int kBlockRows = 6;
  static constexpr int kWidenedRows = 5;
  static constexpr std::int64_t kPassSteps = 256;
  static constexpr std::int64_t kTileRows = 96;
  template <int Rows>
  static constexpr int kBlockColumns = Rows == 1   ? 4
                                       : Rows <= 3 ? 2
                                                   : 1;

  __m256 v;
  __m256 w;

  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes set(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes load_half(const std::uint16_t* p) {
    const auto* halves = reinterpret_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
  }
  static Lanes load_upper_halves(const std::uint32_t* p) {
    const auto* words = reinterpret_cast<const __m256i*>(p);
    const __m256i mask = _mm256_set1_epi32(static_cast<int>(0xffff0000U));
    return {_mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256(words), mask)),
            _mm256_castsi256_ps(_mm256_and_si256(_mm256_loadu_si256(words + 1), mask))};
  }
  static Lanes load_lower_halves(const std::uint32_t* p) {
    const auto* words = reinterpret_cast<const __m256i*>(p);
    return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256(words), 16)),
            _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_loadu_si256(words + 1), 16))};
  }
  static Lanes load_integers(const std::int32_t* p) {
    const auto* integers = reinterpret_cast<const __m256i*>(p);
    return {_mm256_cvtepi32_ps(_mm256_loadu_si256(integers)),
            _mm256_cvtepi32_ps(_mm256_loadu_si256(integers + 1))};
  }
  template <int Shift>
  static void store_bytes(Lanes a, std::uint32_t add, std::uint8_t* p) {
    const auto bytes = [add](__m256 lanes) {
      const __m256i shifted = _mm256_srli_epi32(_mm256_castps_si256(lanes), Shift);
      const __m256i sum = _mm256_add_epi32(shifted, _mm256_set1_epi32(static_cast<int>(add)));
      return _mm256_and_si256(sum, _mm256_set1_epi32(0xff));
    };
    // Packing works within 128 bits: what belongs together is moved there.
    const __m256i halves = _mm256_permute4x64_epi64(_mm256_packus_epi32(bytes(a.v), bytes(a.w)), 0xd8);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(halves, halves), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
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
