// `Lanes` in one AVX-512 register, shared by the instruction sets that have those. Included like
// body.h, inside an unnamed namespace.

constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kColumns = kPanel / kLanes;

struct Lanes {
  static constexpr bool kFetchNextPass = false;
  static constexpr int kBlockRows = 6;
  static constexpr int kWidenedRows = 5;
  static constexpr std::int64_t kPassSteps = 64;
  static constexpr std::int64_t kTileRows = 48;
  template <int Rows>
  static constexpr int kBlockColumns = 4;

  __m512 v;

  static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Lanes set(float value) { return {_mm512_set1_ps(value)}; }
  static Lanes zero() { return {_mm512_setzero_ps()}; }
  static Lanes load_half(const std::uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  static Lanes load_upper_halves(const std::uint32_t* p) {
    const __m512i mask = _mm512_set1_epi32(static_cast<int>(0xffff0000U));
    return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), mask))};
  }
  static Lanes load_lower_halves(const std::uint32_t* p) {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16))};
  }
  static Lanes load_integers(const std::int32_t* p) { return {_mm512_cvtepi32_ps(_mm512_loadu_si512(p))}; }
  template <int Shift>
  static void store_bytes(Lanes a, std::uint32_t add, std::uint8_t* p) {
    const __m512i shifted = _mm512_srli_epi32(_mm512_castps_si512(a.v), Shift);
    const __m512i sum = _mm512_add_epi32(shifted, _mm512_set1_epi32(static_cast<int>(add)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(sum));
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
};

Lanes operator+(Lanes a, Lanes b) {
  return {_mm512_add_ps(a.v, b.v)};
}
Lanes operator-(Lanes a, Lanes b) {
  return {_mm512_sub_ps(a.v, b.v)};
}
Lanes operator*(Lanes a, Lanes b) {
  return {_mm512_mul_ps(a.v, b.v)};
}
Lanes operator/(Lanes a, Lanes b) {
  return {_mm512_div_ps(a.v, b.v)};
}
Lanes fma(Lanes a, Lanes b, Lanes c) {
  return {_mm512_fmadd_ps(a.v, b.v, c.v)};
}
Lanes select_less(Lanes a, Lanes b, Lanes x, Lanes y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), y.v, x.v)};
}
Lanes floor(Lanes a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
}
Lanes power_of_two(Lanes n) {
  const __m512i exponent = _mm512_add_epi32(_mm512_cvttps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23))};
}
