// Functions of one variable and of whole rows, on `Lanes`. Part of body.h.

// ---- Rows' ends ----------

/// `count` floats at `x`, at most 16; the lanes beyond are zero.
Lanes load_some(const float* x, std::int64_t count) {
  if (count >= kLanes) return Lanes::load(x);
  float v[kLanes] = {};
  for (std::int64_t i = 0; i < count; ++i) v[i] = x[i];
  return Lanes::load(v);
}

void store_some(Lanes lanes, std::int64_t count, float* y) {
  if (count >= kLanes) return lanes.store(y);
  float v[kLanes];
  lanes.store(v);
  for (std::int64_t i = 0; i < count; ++i) y[i] = v[i];
}

// ---- Functions of one variable

// Inline everywhere: Lanes of two registers, as an argument and as a result, go through memory.

[[gnu::always_inline]] inline Lanes exponential(Lanes x) {
  // Beyond these bounds the result is 0 or infinity in fp32 as good as.
  const Lanes low = Lanes::set(-87.33654F);
  const Lanes high = Lanes::set(88.37626F);
  const Lanes clamped = select_less(x, low, low, select_less(high, x, high, x));
  // x = n ln 2 + r with |r| <= ln(2) / 2; ln 2 is split in two so that n times its first part is exact.
  const Lanes n = floor(fma(clamped, Lanes::set(1.44269504F), Lanes::set(0.5F)));
  const Lanes rough = fma(n, Lanes::set(-0.693359375F), clamped);
  const Lanes r = fma(n, Lanes::set(2.12194440e-4F), rough);
  // Cephes' polynomial for exp on that interval.
  Lanes p = Lanes::set(1.9875691500e-4F);
  p = fma(p, r, Lanes::set(1.3981999507e-3F));
  p = fma(p, r, Lanes::set(8.3334519073e-3F));
  p = fma(p, r, Lanes::set(4.1665795894e-2F));
  p = fma(p, r, Lanes::set(1.6666665459e-1F));
  p = fma(p, r, Lanes::set(5.0000001201e-1F));
  const Lanes tail = fma(p, r * r, r);
  const Lanes result = (tail + Lanes::set(1.0F)) * power_of_two(n);
  return select_less(x, low, Lanes::zero(), result);
}

[[gnu::always_inline]] inline Lanes magnitude(Lanes x) {
  return select_less(x, Lanes::zero(), Lanes::zero() - x, x);
}

[[gnu::always_inline]] inline Lanes sigmoid(Lanes x) {
  const Lanes one = Lanes::set(1.0F);
  return one / (one + exponential(Lanes::zero() - x));
}

[[gnu::always_inline]] inline Lanes hyperbolic_tangent(Lanes x) {
  const Lanes one = Lanes::set(1.0F);
  const Lanes size = magnitude(x);
  // Near zero the exponential form cancels: Cephes' odd polynomial instead.
  const Lanes square = x * x;
  Lanes p = Lanes::set(-5.70498872745e-3F);
  p = fma(p, square, Lanes::set(2.06390887954e-2F));
  p = fma(p, square, Lanes::set(-5.37397155531e-2F));
  p = fma(p, square, Lanes::set(1.33314422036e-1F));
  p = fma(p, square, Lanes::set(-3.33332819422e-1F));
  const Lanes small = fma(p * square, x, x);
  const Lanes two = Lanes::set(2.0F);
  const Lanes far = one - two / (exponential(size * two) + one);
  const Lanes signed_far = select_less(x, Lanes::zero(), Lanes::zero() - far, far);
  return select_less(size, Lanes::set(0.625F), small, signed_far);
}

/// The error function, Abramowitz and Stegun 7.1.26: absolute error below 2e-7.
[[gnu::always_inline]] inline Lanes error_function(Lanes x) {
  const Lanes one = Lanes::set(1.0F);
  const Lanes size = magnitude(x);
  const Lanes t = one / fma(size, Lanes::set(0.3275911F), one);
  Lanes p = Lanes::set(1.061405429F);
  p = fma(p, t, Lanes::set(-1.453152027F));
  p = fma(p, t, Lanes::set(1.421413741F));
  p = fma(p, t, Lanes::set(-0.284496736F));
  p = fma(p, t, Lanes::set(0.254829592F));
  const Lanes positive = fma(Lanes::zero() - p * t, exponential(Lanes::zero() - size * size), one);
  return select_less(x, Lanes::zero(), Lanes::zero() - positive, positive);
}

template <Activation curve>
[[gnu::always_inline]] inline Lanes apply(Lanes x) {
  if constexpr (curve == Activation::relu) {
    return select_less(x, Lanes::zero(), Lanes::zero(), x);
  } else if constexpr (curve == Activation::relu6) {
    const Lanes least = select_less(x, Lanes::zero(), Lanes::zero(), x);
    return select_less(Lanes::set(6.0F), least, Lanes::set(6.0F), least);
  } else if constexpr (curve == Activation::tanh) {
    return hyperbolic_tangent(x);
  } else if constexpr (curve == Activation::gelu) {
    const Lanes half = x * Lanes::set(0.5F);
    return fma(half, error_function(x * Lanes::set(0.70710678F)), half);
  } else if constexpr (curve == Activation::gelu_tanh) {
    // 0.5 x (1 + tanh(u)) = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3)
    const Lanes cube = x * x * x;
    return x * sigmoid(fma(cube, Lanes::set(0.044715F), x) * Lanes::set(1.59576912F));
  } else if constexpr (curve == Activation::quick_gelu) {
    return x * sigmoid(x * Lanes::set(1.702F));
  } else {
    return x;
  }
}

template <Activation curve>
void finish_as(const float* sums, std::int64_t count, float* y) {
  for (std::int64_t n = 0; n < count; n += kLanes)
    store_some(apply<curve>(load_some(sums + n, count - n)), count - n, y + n);
}

/// Which curve it is, is asked once for many values.
template <int... Curves>
void finish_by_curve(Activation curve, const float* sums, std::int64_t count, float* y,
                     std::integer_sequence<int, Curves...>) {
  using Finish = void (*)(const float*, std::int64_t, float*);
  static constexpr Finish kByCurve[] = {&finish_as<static_cast<Activation>(Curves)>...};
  kByCurve[static_cast<int>(curve)](sums, count, y);
}

void finish(const float* sums, Activation curve, std::int64_t count, float* y) {
  finish_by_curve(curve, sums, count, y, std::make_integer_sequence<int, kActivationCount>());
}

void add(const float* sums, Activation curve, std::int64_t count, float* y) {
  for (std::int64_t n = 0; n < count; n += kLanes)
    store_some(load_some(y + n, count - n) + load_some(sums + n, count - n), count - n, y + n);
  if (curve != Activation::none) finish(y, curve, count, y);
}

// ---- Rows

/// Sum of the lanes, halves folded onto each other.
float total(Lanes lanes) {
  float v[kLanes];
  lanes.store(v);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}

void layer_norm(const float* x, const float* weight, const float* bias, std::int64_t width, float eps,
                float* y) {
  Lanes sum = Lanes::zero();
  for (std::int64_t i = 0; i < width; i += kLanes) sum = sum + load_some(x + i, width - i);
  const float mean = total(sum) / static_cast<float>(width);
  const Lanes center = Lanes::set(mean);
  Lanes squares = Lanes::zero();
  for (std::int64_t i = 0; i < width; i += kLanes) {
    float distance[kLanes];
    (load_some(x + i, width - i) - center).store(distance);
    const Lanes d = load_some(distance, width - i);
    squares = fma(d, d, squares);
  }
  const float variance = total(squares) / static_cast<float>(width);
  const Lanes factor = Lanes::set(1.0F / __builtin_sqrtf(variance + eps));
  for (std::int64_t i = 0; i < width; i += kLanes) {
    const std::int64_t left = width - i;
    const Lanes normal = (load_some(x + i, left) - center) * factor;
    store_some(fma(normal, load_some(weight + i, left), load_some(bias + i, left)), left, y + i);
  }
}

/// The largest of `count` floats, a multiple of 16.
float maximum(const float* x, std::int64_t count) {
  Lanes largest = Lanes::load(x);
  for (std::int64_t i = kLanes; i < count; i += kLanes) {
    const Lanes next = Lanes::load(x + i);
    largest = select_less(largest, next, next, largest);
  }
  float v[kLanes];
  largest.store(v);
  for (int i = 1; i < kLanes; ++i) v[0] = v[i] > v[0] ? v[i] : v[0];
  return v[0];
}

void softmax(float* x, std::int64_t count, std::int64_t padded, float scale) {
  const std::int64_t used = (count + kLanes - 1) / kLanes * kLanes;
  for (std::int64_t i = count; i < used; ++i) x[i] = x[0];  // changes no maximum; zero again below
  for (std::int64_t i = used; i < padded; ++i) x[i] = 0.0F;
  const Lanes shift = Lanes::set(maximum(x, used));
  const Lanes factor = Lanes::set(scale);
  Lanes sum = Lanes::zero();
  for (std::int64_t i = 0; i < count; i += kLanes) {
    exponential((Lanes::load(x + i) - shift) * factor).store(x + i);
    for (std::int64_t j = count; j < i + kLanes; ++j) x[j] = 0.0F;
    sum = sum + Lanes::load(x + i);
  }
  const Lanes inverse = Lanes::set(1.0F / total(sum));
  for (std::int64_t i = 0; i < count; i += kLanes) (Lanes::load(x + i) * inverse).store(x + i);
}

void attend(const float* q, const Past& past, std::int64_t dim, float scale, float* scores, float* out) {
  for (std::int64_t t = 0; t < past.count; ++t) {
    const float* key = past.keys[t] + past.offset;
    Lanes sum = Lanes::zero();
    for (std::int64_t i = 0; i < dim; i += kLanes) sum = fma(Lanes::load(q + i), Lanes::load(key + i), sum);
    scores[t] = total(sum);
  }
  softmax(scores, past.count, (past.count + kLanes - 1) / kLanes * kLanes, scale);
  for (std::int64_t i = 0; i < dim; i += kLanes) {
    Lanes sum = Lanes::zero();
    for (std::int64_t t = 0; t < past.count; ++t) {
      sum = fma(Lanes::set(scores[t]), Lanes::load(past.values[t] + past.offset + i), sum);
    }
    sum.store(out + i);
  }
}
