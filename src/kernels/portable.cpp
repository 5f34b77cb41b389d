#include <bit>
#include <cmath>

#include "kernels/kernels.h"

namespace caption::kernels {
namespace {

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fU;
  const std::uint32_t fraction = half & 0x3ffU;
  if (exponent == 0x1fU) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13));  // infinity, NaN
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (fraction << 13));
  const float subnormal = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -subnormal : subnormal;
}

constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kColumns = kPanel / kLanes;

struct Lanes {
  static constexpr bool kFetchNextPass = false;
  static constexpr int kBlockRows = 1;
  static constexpr int kWidenedRows = 1;
  static constexpr std::int64_t kPassSteps = 64;
  static constexpr std::int64_t kTileRows = 48;
  template <int Rows>
  static constexpr int kBlockColumns = 4;
  static constexpr int kCount = 16;

  float v[kCount];

  static Lanes load(const float* p) {
    return make([p](int i) { return p[i]; });
  }
  static Lanes set(float value) {
    return make([value](int) { return value; });
  }
  static Lanes zero() { return set(0.0F); }
  static Lanes load_half(const std::uint16_t* p) {
    return make([p](int i) { return half_to_float(p[i]); });
  }
  static Lanes load_upper_halves(const std::uint32_t* p) {
    return make([p](int i) { return std::bit_cast<float>(p[i] & 0xffff0000U); });
  }
  static Lanes load_lower_halves(const std::uint32_t* p) {
    return make([p](int i) { return std::bit_cast<float>(p[i] << 16); });
  }
  static Lanes load_integers(const std::int32_t* p) {
    return make([p](int i) { return static_cast<float>(p[i]); });
  }
  template <int Shift>
  static void store_bytes(const Lanes& a, std::uint32_t add, std::uint8_t* p) {
    for (int i = 0; i < kCount; ++i)
      p[i] = static_cast<std::uint8_t>((std::bit_cast<std::uint32_t>(a.v[i]) >> Shift) + add);
  }
  void store(float* p) const {
    for (int i = 0; i < kCount; ++i) p[i] = v[i];
  }

  template <typename Element>
  static Lanes make(const Element& element) {
    Lanes lanes;
    for (int i = 0; i < kCount; ++i) lanes.v[i] = element(i);
    return lanes;
  }
};

Lanes operator+(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return a.v[i] + b.v[i]; });
}
Lanes operator-(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return a.v[i] - b.v[i]; });
}
Lanes operator*(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return a.v[i] * b.v[i]; });
}
Lanes operator/(const Lanes& a, const Lanes& b) {
  return Lanes::make([&](int i) { return a.v[i] / b.v[i]; });
}
Lanes fma(const Lanes& a, const Lanes& b, const Lanes& c) {
  return Lanes::make([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
Lanes select_less(const Lanes& a, const Lanes& b, const Lanes& x, const Lanes& y) {
  return Lanes::make([&](int i) { return a.v[i] < b.v[i] ? x.v[i] : y.v[i]; });
}
Lanes floor(const Lanes& a) {
  return Lanes::make([&](int i) { return std::floor(a.v[i]); });
}
Lanes power_of_two(const Lanes& n) {
  return Lanes::make([&](int i) {
    // A NaN has no exponent; any will do, as it is multiplied by the NaN.
    const int exponent = n.v[i] == n.v[i] ? static_cast<int>(n.v[i]) : 0;
    return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
  });
}

#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

struct Int8Product : PlainBytes {
  using Word = std::uint32_t;
  using Sum = std::int32_t;
  using Input = std::uint32_t;
  struct Weights {
    std::uint32_t words[kLanes];
  };
  struct Register {
    std::uint32_t v[kLanes];  // unsigned: where a damaged file's sums begin, they may go beyond
  };
  static constexpr int kRows = 1;
  template <int Rows>
  static constexpr int kColumns = 1;

  static Weights load(const std::uint32_t* words) {
    Weights w;
    for (int i = 0; i < kLanes; ++i) w.words[i] = words[i];
    return w;
  }
  static Input input(const std::uint32_t* words) { return *words; }
  static Register add(Register sum, Input x, const Weights& w) {
    for (int i = 0; i < kLanes; ++i) {
      for (int shift = 0; shift < 32; shift += 8) {
        const auto weight = static_cast<std::int8_t>(w.words[i] >> shift);
        sum.v[i] += static_cast<std::uint32_t>(weight * static_cast<std::int32_t>((x >> shift) & 0xffU));
      }
    }
    return sum;
  }
  static Register start(const std::int32_t* sums) {
    Register sum;
    for (int i = 0; i < kLanes; ++i) sum.v[i] = static_cast<std::uint32_t>(sums[i]);
    return sum;
  }
  static void store(const Register& sum, std::int32_t* sums) {
    for (int i = 0; i < kLanes; ++i) sums[i] = static_cast<std::int32_t>(sum.v[i]);
  }
};

#include "kernels/body.h"

}  // namespace

extern const Kernels kPortable = make_kernels("portable");

}  // namespace caption::kernels
