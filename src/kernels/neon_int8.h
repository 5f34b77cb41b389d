// Int8Product of 64-bit Arm, where both factors have a sign. Included like body.h, inside an unnamed
// namespace, after `products(sum, x, w)`, which adds the products of four bytes each to four sums.

/// Words of four int8. A row's integers are taken less 128.
struct Int8Product {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  /// 4 times the same word
  using Input = int8x16_t;
  /// 4 outputs each
  struct Weights {
    int8x16_t v[4];
  };
  struct Register {
    int32x4_t v[4];
  };
  static constexpr int kRows = 5;
  template <int Rows>
  static constexpr int kColumns = Lanes::kBlockColumns<Rows>;
  static constexpr int kInputWords = 1;

  static Weights load(const std::uint32_t* words) {
    const auto quarter = [words](int i) { return vreinterpretq_s8_u32(vld1q_u32(words + 4 * i)); };
    return {{quarter(0), quarter(1), quarter(2), quarter(3)}};
  }
  static Input input(const std::uint32_t* words) { return vreinterpretq_s8_u32(vdupq_n_u32(*words)); }
  static Register add(const Register& sum, Input x, const Weights& w) {
    const auto quarter = [&](int i) { return products(sum.v[i], x, w.v[i]); };
    return {{quarter(0), quarter(1), quarter(2), quarter(3)}};
  }
  static Register start(const std::int32_t* sums) {
    return {{vld1q_s32(sums), vld1q_s32(sums + 4), vld1q_s32(sums + 8), vld1q_s32(sums + 12)}};
  }
  static void store(const Register& sum, std::int32_t* sums) {
    for (int i = 0; i < 4; ++i) vst1q_s32(sums + 4 * i, sum.v[i]);
  }
  template <int Shift>
  static Origin store_bytes(const Lanes& a, std::uint32_t zero, std::int64_t /*count*/,
                            std::uint32_t* words) {
    Lanes::store_bytes<Shift>(a, zero - 128, reinterpret_cast<std::uint8_t*>(words));
    return {static_cast<std::int32_t>(zero) - 128, 0};
  }
};
