// Depthwise convolutions: a filter for each channel. Part of body.h.

/// `kParts` times 16 channels side by side, so that additions that wait for each other do not wait alone.
template <std::int64_t kParts>
void convolve_channels(std::span<const Tap> taps, const float* bias, std::int64_t first, float* y) {
  Lanes sums[kParts];
  for (std::int64_t p = 0; p < kParts; ++p) sums[p] = Lanes::load(bias + first + p * kLanes);
  for (const Tap& tap : taps) {
    for (std::int64_t p = 0; p < kParts; ++p) {
      const std::int64_t c = first + p * kLanes;
      sums[p] = fma(Lanes::load(tap.x + c), Lanes::load(tap.weights + c), sums[p]);
    }
  }
  for (std::int64_t p = 0; p < kParts; ++p) sums[p].store(y + first + p * kLanes);
}

void depthwise(std::span<const Tap> taps, const float* bias, std::int64_t channels, Activation curve,
               float* y) {
  constexpr std::int64_t kParts = 4;
  std::int64_t c = 0;
  for (; c + kParts * kLanes <= channels; c += kParts * kLanes) convolve_channels<kParts>(taps, bias, c, y);
  for (; c + kLanes <= channels; c += kLanes) convolve_channels<1>(taps, bias, c, y);
  if (c < channels) {
    const std::int64_t left = channels - c;
    Lanes sum = load_some(bias + c, left);
    for (const Tap& tap : taps) sum = fma(load_some(tap.x + c, left), load_some(tap.weights + c, left), sum);
    store_some(sum, left, y + c);
  }
  if (curve != Activation::none) finish(y, curve, channels, y);
}
