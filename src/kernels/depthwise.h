// Depthwise convolutions: a filter for each channel. Part of body.h.

/// `kParts` times 16 channels side by side, so that additions that wait for each other do not wait alone.
template <std::int64_t kParts, Activation curve>
void convolve_channels(std::span<const Tap> taps, const float* bias, std::int64_t first, float* y) {
  Lanes sums[kParts];
  for (std::int64_t p = 0; p < kParts; ++p) sums[p] = Lanes::load(bias + first + p * kLanes);
  for (const Tap& tap : taps) {
    for (std::int64_t p = 0; p < kParts; ++p) {
      const std::int64_t c = first + p * kLanes;
      sums[p] = fma(Lanes::load(tap.x + c), Lanes::load(tap.weights + c), sums[p]);
    }
  }
  for (std::int64_t p = 0; p < kParts; ++p) apply<curve>(sums[p]).store(y + first + p * kLanes);
}

template <Activation curve>
struct Depthwise {
  static void run(std::span<const Tap> taps, const float* bias, std::int64_t channels, float* y) {
    constexpr std::int64_t kParts = 4;
    std::int64_t c = 0;
    for (; c + kParts * kLanes <= channels; c += kParts * kLanes)
      convolve_channels<kParts, curve>(taps, bias, c, y);
    for (; c + kLanes <= channels; c += kLanes) convolve_channels<1, curve>(taps, bias, c, y);
    if (c == channels) return;
    const std::int64_t left = channels - c;
    Lanes sum = load_some(bias + c, left);
    for (const Tap& tap : taps) sum = fma(load_some(tap.x + c, left), load_some(tap.weights + c, left), sum);
    store_some(apply<curve>(sum), left, y + c);
  }
};

void depthwise(std::span<const Tap> taps, const float* bias, std::int64_t channels, Activation curve,
               float* y) {
  with_curve<Depthwise>(curve, AllCurves(), taps, bias, channels, y);
}
