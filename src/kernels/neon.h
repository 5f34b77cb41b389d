// `Lanes` in four NEON registers, shared by the instruction sets of 64-bit Arm. Included like body.h, inside
// an unnamed namespace.

constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kColumns = kPanel / kLanes;

struct Lanes {
  static constexpr bool kFetchNextPass = true;
  static constexpr int kBlockRows = 6;
  static constexpr int kWidenedRows = 5;
  static constexpr std::int64_t kPassSteps = 64;
  static constexpr std::int64_t kTileRows = 48;
  template <int Rows>
  static constexpr int kBlockColumns = Rows == 1   ? 4
                                       : Rows <= 3 ? 2
                                                   : 1;
  static constexpr int kRegisters = 4;

  float32x4_t v[kRegisters];

  static Lanes load(const float* p) {
    return make([p](int i) { return vld1q_f32(p + 4 * i); });
  }
  static Lanes set(float value) {
    const float32x4_t copies = vdupq_n_f32(value);
    return {{copies, copies, copies, copies}};
  }
  static Lanes zero() { return set(0.0F); }
  static Lanes load_half(const std::uint16_t* p) {
    return make([p](int i) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p + 4 * i))); });
  }
  static Lanes load_upper_halves(const std::uint32_t* p) {
    const uint32x4_t mask = vdupq_n_u32(0xffff0000U);
    return make([=](int i) { return vreinterpretq_f32_u32(vandq_u32(vld1q_u32(p + 4 * i), mask)); });
  }
  static Lanes load_lower_halves(const std::uint32_t* p) {
    return make([p](int i) { return vreinterpretq_f32_u32(vshlq_n_u32(vld1q_u32(p + 4 * i), 16)); });
  }
  static Lanes load_integers(const std::int32_t* p) {
    return make([p](int i) { return vcvtq_f32_s32(vld1q_s32(p + 4 * i)); });
  }
  template <int Shift>
  static void store_bytes(const Lanes& a, std::uint32_t add, std::uint8_t* p) {
    const auto sums = [&](int i) {
      uint32x4_t bits = vreinterpretq_u32_f32(a.v[i]);
      if constexpr (Shift > 0) bits = vshrq_n_u32(bits, Shift);
      return vmovn_u32(vaddq_u32(bits, vdupq_n_u32(add)));
    };
    vst1_u8(p, vmovn_u16(vcombine_u16(sums(0), sums(1))));
    vst1_u8(p + 8, vmovn_u16(vcombine_u16(sums(2), sums(3))));
  }
  void store(float* p) const {
    for (int i = 0; i < kRegisters; ++i) vst1q_f32(p + 4 * i, v[i]);
  }

  template <typename Register>
  static Lanes make(const Register& of) {
    return {{of(0), of(1), of(2), of(3)}};
  }
};

Lanes operator+(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return vaddq_f32(a.v[i], b.v[i]); });
}
Lanes operator-(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return vsubq_f32(a.v[i], b.v[i]); });
}
Lanes operator*(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return vmulq_f32(a.v[i], b.v[i]); });
}
Lanes operator/(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return vdivq_f32(a.v[i], b.v[i]); });
}
Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  return Lanes::make([&](int i) { return vfmaq_f32(c.v[i], a.v[i], b.v[i]); });
}
Lanes select_less(const Lanes& a, const Lanes& b, const Lanes& x, const Lanes& y) {
  return Lanes::make([&](int i) { return vbslq_f32(vcltq_f32(a.v[i], b.v[i]), x.v[i], y.v[i]); });
}
Lanes floor(const Lanes& a) {
  return Lanes::make([&](int i) { return vrndmq_f32(a.v[i]); });
}
Lanes power_of_two(const Lanes& n) {
  return Lanes::make([&](int i) {
    const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(n.v[i]), vdupq_n_s32(127));
    return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
  });
}
