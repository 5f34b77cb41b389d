// From floats to the words that the matrix product takes, and back. Part of body.h.

// ---- bf16 ----------

/// Round to nearest, ties to even; a NaN stays one. What is smaller than 2^-56 becomes 0: every product is
/// then a multiple of 2^-126, and so is every sum, so no denormal ever occurs, which the instructions for
/// bf16 would flush.
std::uint32_t bf16_bits(float value) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t size = bits & 0x7fffffffU;
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  return size > kInfinityBits ? 0x7fc0U : size < kSmallestBf16 ? 0U : rounded;
}

/// Words of one input, widened, or of two.
template <typename Type>
void round_row(const float* x, std::int64_t count, std::uint32_t* words) {
  if constexpr (Type::kInputWords == 2) {
    for (std::int64_t i = 0; i < count; ++i) words[i] = bf16_bits(x[i]) << 16;
    if (count % 2 != 0) words[count] = 0;
  } else {
    std::int64_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) Type::round(x + i, words + i / 2);
    for (; i + 1 < count; i += 2) words[i / 2] = (bf16_bits(x[i]) << 16) | bf16_bits(x[i + 1]);
    if (i < count) words[i / 2] = bf16_bits(x[i]) << 16;
  }
}

void pack_bf16(const float* panel, std::int64_t in, std::uint32_t* packed, std::int64_t column) {
  for (std::int64_t i = 0; i < in; i += 2) {
    for (std::int64_t c = 0; c < kColumns; ++c) {
      const float* upper = panel + i * kPanel + c * kColumn;
      std::uint32_t* words = packed + c * column + i / 2 * kColumn;
      for (std::int64_t n = 0; n < kColumn; ++n) words[n] = bf16_bits(upper[n]) << 16;
      if (i + 1 == in) continue;
      for (std::int64_t n = 0; n < kColumn; ++n) words[n] |= bf16_bits(upper[kPanel + n]);
    }
  }
}

// ---- int8 ----------

/// The steps between neighbouring integers.
struct Steps {
  float size;
  float inverse;
};

/// For values of which the largest magnitude has these bits: it becomes `levels`. All are 0 if it is below
/// 1e-30, and the size is a NaN if a value is infinite or a NaN.
Steps steps_for(std::uint32_t largest_bits, float levels) {
  const float largest = __builtin_bit_cast(float, largest_bits);
  if (largest_bits >= 0x7f800000U) return {__builtin_nanf(""), 0.0F};
  if (largest < 1e-30F) return {0.0F, 0.0F};
  return {largest / levels, levels / largest};
}

/// Without the sign, a float's bits are ordered as its magnitude, a NaN's above infinity's.
std::uint32_t magnitude_bits(float value) {
  return __builtin_bit_cast(std::uint32_t, value) & 0x7fffffffU;
}

/// Adding this rounds to a whole number, ties to even, and leaves it in the low bits.
constexpr float kRounder = 12582912.0F;  // 1.5 * 2^23

/// round(x * inverse) in the low bits
Lanes round_lanes(Lanes x, float inverse) {
  return fma(x, Lanes::set(inverse), Lanes::set(kRounder));
}

/// Stores the next integers of a row and adds to where its sums begin.
template <typename Type, int Shift>
void store_integers(Lanes rounded, std::uint32_t zero, std::int64_t count, std::uint32_t* words,
                    Origin* origin) {
  const Origin part = Type::template store_bytes<Shift>(rounded, zero, count, words);
  *origin = {part.zero, origin->rest + part.rest};
}

template <typename Type>
float quantize(const float* x, std::int64_t count, std::uint32_t* words, Origin* origin) {
  constexpr std::int32_t kInfinity = 0x7f800000;
  std::int32_t above = 0;  // how far the row reaches from 0, as floats' bits: as integers, they are in order
  std::int32_t below = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto bits = __builtin_bit_cast(std::int32_t, x[i]);
    const auto opposite = __builtin_bit_cast(std::int32_t, -x[i]);
    above = bits > above ? bits : above;
    below = opposite > below ? opposite : below;
  }
  const float half = 0.5F * __builtin_bit_cast(float, above) + 0.5F * __builtin_bit_cast(float, below);
  const float reach = above < kInfinity && below < kInfinity ? half : __builtin_inff();
  // One level less than bytes have, as both ends may be rounded away from zero.
  const Steps steps = steps_for(__builtin_bit_cast(std::uint32_t, reach), 127.0F);
  float zeros[kLanes];
  round_lanes(Lanes::set(__builtin_bit_cast(float, below)), steps.inverse).store(zeros);
  const std::uint32_t middle = __builtin_bit_cast(std::uint32_t, zeros[0]) & 0xffU;
  *origin = {};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const Lanes rounded = round_lanes(load_some(x + i, count - i), steps.inverse);
    store_integers<Type, 0>(rounded, middle, count - i, words + i / 4 * Type::kInputWords, origin);
  }
  return steps.size;
}

template <typename Type>
float quantize_finely(const float* x, std::int64_t count, std::uint32_t* high, std::uint32_t* low,
                      Origin* origins) {
  std::uint32_t largest = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t bits = magnitude_bits(x[i]);
    largest = bits > largest ? bits : largest;
  }
  const Steps steps = steps_for(largest, 32767.0F);
  origins[0] = origins[1] = {};
  for (std::int64_t i = 0; i < count; i += kLanes) {
    const Lanes rounded = round_lanes(load_some(x + i, count - i), steps.inverse);
    store_integers<Type, 8>(rounded, 128, count - i, high + i / 4 * Type::kInputWords, &origins[0]);
    store_integers<Type, 0>(rounded, 0, count - i, low + i / 4 * Type::kInputWords, &origins[1]);
  }
  return steps.size;
}

void pack_int8(const float* panel, std::int64_t in, std::uint32_t* packed, float* scales,
               std::int32_t* corrections) {
  std::uint32_t largest[kPanel] = {};
  for (std::int64_t i = 0; i < in; ++i) {
    for (std::int64_t n = 0; n < kPanel; ++n) {
      const std::uint32_t bits = magnitude_bits(panel[i * kPanel + n]);
      largest[n] = bits > largest[n] ? bits : largest[n];
    }
  }
  float inverse[kPanel];
  for (std::int64_t n = 0; n < kPanel; ++n) {
    const Steps steps = steps_for(largest[n], 127.0F);
    scales[n] = steps.size;
    inverse[n] = steps.inverse;
    corrections[n] = 0;
  }
  const std::int64_t column = (in + 3) / 4 * kColumn;
  for (std::int64_t i = 0; i < in; ++i) {
    for (std::int64_t c = 0; c < kColumns; ++c) {
      const std::int64_t n = c * kColumn;
      std::uint32_t* words = packed + c * column + i / 4 * kColumn;
      float rounded[kLanes];
      fma(Lanes::load(panel + i * kPanel + n), Lanes::load(inverse + n), Lanes::set(kRounder)).store(rounded);
      for (std::int64_t j = 0; j < kLanes; ++j) {
        const std::uint32_t byte = __builtin_bit_cast(std::uint32_t, rounded[j]) & 0xffU;
        words[j] = (i % 4 == 0 ? 0 : words[j]) | (byte << (8 * (i % 4)));
        corrections[n + j] -= static_cast<std::int8_t>(byte);
      }
    }
  }
}

/// Unsigned: a damaged file's corrections may be any.
void begin_sums(const Origin& origin, const std::int32_t* corrections, std::int32_t* sums) {
  const auto zero = static_cast<std::uint32_t>(origin.zero);
  const auto rest = static_cast<std::uint32_t>(origin.rest);
  for (std::int64_t n = 0; n < kPanel; ++n) {
    sums[n] = static_cast<std::int32_t>(zero * static_cast<std::uint32_t>(corrections[n]) + rest);
  }
}

/// y = (256 high + low) * x_scale * scales + bias; without `low`: high * x_scale * scales + bias
void scale_sums(const std::int32_t* high, const std::int32_t* low, float x_scale, const float* scales,
                const float* bias, float* y) {
  for (std::int64_t n = 0; n < kPanel; n += kLanes) {
    Lanes sum = Lanes::load_integers(high + n);
    if (low != nullptr) sum = fma(sum, Lanes::set(256.0F), Lanes::load_integers(low + n));
    fma(sum * Lanes::set(x_scale), Lanes::load(scales + n), Lanes::load(bias + n)).store(y + n);
  }
}
