// Int8Product by VNNI. Included like body.h, inside an unnamed namespace.

/// Four products of an unsigned and a signed byte at once.
struct Int8Product : PlainBytes {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  using Input = __m512i;
  using Weights = __m512i;
  using Register = __m512i;
  static constexpr int kRows = 6;
  template <int Rows>
  static constexpr int kColumns = 4;

  static __m512i load(const std::uint32_t* words) { return _mm512_loadu_si512(words); }
  static __m512i input(const std::uint32_t* words) { return _mm512_set1_epi32(static_cast<int>(*words)); }
  static __m512i add(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
  static __m512i start(const std::int32_t* sums) { return _mm512_loadu_si512(sums); }
  static void store(__m512i sum, std::int32_t* sums) { _mm512_storeu_si512(sums, sum); }
};
