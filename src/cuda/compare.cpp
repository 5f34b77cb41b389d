#include "cuda/compare.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>

#include "cuda/device_array.h"
#include "cuda/half.h"

namespace caption::cuda {
namespace {

constexpr double kDifferent = std::numeric_limits<double>::infinity();

/// The largest difference of two lists; equal infinities do not differ.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    largest = std::max(largest, std::isnan(d) ? kDifferent : d);
  }
  return largest;
}

template <typename T>
std::vector<float> to_floats(const std::vector<T>& values) {
  std::vector<float> result;
  result.reserve(values.size());
  for (const T value : values) result.push_back(to_float(value));
  return result;
}

template <typename T>
constexpr Type kTypeOf = Type::fp32;
template <>
constexpr Type kTypeOf<Half> = Type::fp16;

template <typename T>
std::vector<T> random_values(std::size_t count, float spread, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<T> values;
  values.reserve(count);
  // Of generator's bits alone: the standard's distributions differ between libraries.
  for (std::size_t i = 0; i < count; ++i) {
    const float unit = static_cast<float>(generator() >> 8) / static_cast<float>(1 << 24);
    values.push_back(from_float<T>((2 * unit - 1) * spread));
  }
  return values;
}

std::size_t product(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

struct TopTokensResult {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> status;
  std::vector<float> log_probabilities;
};

template <typename T>
TopTokensResult top_tokens(const Kernels& kernels) {
  constexpr int kRows = 4;
  constexpr int kVocabulary = 50257;
  constexpr int kCount = 5;
  auto logits = random_values<T>(product(kRows, kVocabulary), 20, 1);
  logits[product(2, kVocabulary) + 40000] = from_float<T>(std::numeric_limits<float>::quiet_NaN());
  std::fill(logits.end() - kVocabulary, logits.end() - 2, from_float<T>(-INFINITY));
  const DeviceArray<T> in(kernels, logits);
  const DeviceArray<std::int32_t> tokens(kernels, product(kRows, kCount));
  const DeviceArray<float> log_probabilities(kernels, product(kRows, kCount));
  const DeviceArray<std::int32_t> status(kernels, kRows);
  const DeviceArray<std::byte> scratch(kernels, top_tokens_scratch(kRows, kVocabulary, kCount));
  TopTokens request{in.data(), kTypeOf<T>, kRows, kVocabulary, kCount, 0.7F};
  request.tokens = tokens.data();
  request.log_probabilities = log_probabilities.data();
  request.status = status.data();
  request.scratch = scratch.data();
  kernels.top_tokens(request, nullptr);
  TopTokensResult result{tokens.values(), status.values(), log_probabilities.values()};
  // Of the row with the NaN, only the status means something.
  constexpr std::ptrdiff_t kBad = std::ptrdiff_t{2} * kCount;
  std::fill_n(result.tokens.begin() + kBad, kCount, 0);
  std::fill_n(result.log_probabilities.begin() + kBad, kCount, 0.0F);
  return result;
}

template <typename T>
Comparison compare_top_tokens(const std::string& type, const Kernels& device, const Kernels& reference) {
  const TopTokensResult a = top_tokens<T>(device);
  const TopTokensResult b = top_tokens<T>(reference);
  const bool same = a.tokens == b.tokens && a.status == b.status;
  return {"top_tokens " + type, same ? difference(a.log_probabilities, b.log_probabilities) : kDifferent,
          2e-5};
}

template <typename T>
std::vector<T> resize(const Kernels& kernels) {
  constexpr int kWidth = 640;
  constexpr int kHeight = 480;
  constexpr int kSide = 224;
  constexpr int kTaps = 9;
  std::mt19937 generator(2);
  std::vector<std::uint8_t> image(product(kWidth, kHeight) * 3);
  for (std::uint8_t& value : image) value = static_cast<std::uint8_t>(generator() >> 24);
  // Not Pillow's weights, but like them: some are negative, and they add up to 1.
  const std::int32_t row[kTaps] = {-131072, 0, 262144, 786432, 2359296, 786432, 262144, 0, -131072};
  std::vector<std::int32_t> start;
  std::vector<std::int32_t> weights;
  for (int i = 0; i < kSide; ++i) {
    start.push_back(2 * i);
    weights.insert(weights.end(), row, row + kTaps);
  }
  const DeviceArray<std::uint8_t> in(kernels, image);
  const DeviceArray<std::int32_t> starts(kernels, start);
  const DeviceArray<std::int32_t> lengths(kernels, std::vector<std::int32_t>(kSide, kTaps));
  const DeviceArray<std::int32_t> all_weights(kernels, weights);
  const DeviceArray<float> normalised(kernels, random_values<float>(std::size_t{3} * 256, 2, 3));
  const DeviceArray<std::uint8_t> scratch(kernels, product(kHeight, kSide) * 3);
  const DeviceArray<T> pixels(kernels, product(kSide, kSide) * 3);
  const ResizeWeights side{starts.data(), lengths.data(), all_weights.data(), kTaps};
  kernels.resize({in.data(), kWidth, kHeight, side, side, kSide, normalised.data(), scratch.data(),
                  pixels.data(), kTypeOf<T>},
                 nullptr);
  return pixels.values();
}

template <typename T>
Comparison compare_resize(const std::string& type, const Kernels& device, const Kernels& reference) {
  return {"resize " + type, difference(to_floats(resize<T>(device)), to_floats(resize<T>(reference))), 0};
}

/// Ten rows of up to 107 positions: the first half of each is the first row's.
template <typename T>
std::vector<T> attend(const Kernels& kernels) {
  constexpr int kRows = 10;
  constexpr int kHeads = 12;
  constexpr int kWidth = kHeads * kHeadWidth;
  constexpr int kLayers = 2;
  constexpr int kStride = 107;
  std::vector<std::int32_t> places(product(kRows, kStride));
  std::vector<std::int32_t> counts;
  for (int row = 0; row < kRows; ++row) {
    counts.push_back(row == 1 ? 1 : kStride - 10 * row);
    for (int t = 0; t < kStride; ++t) {
      const bool shared = row > 0 && t < counts.back() / 2;
      places[product(row, kStride) + static_cast<std::size_t>(t)] =
          shared ? places[static_cast<std::size_t>(t)] : row * kStride + t;
    }
  }
  const DeviceArray<T> qkv(kernels, random_values<T>(product(kRows, 3 * kWidth), 2, 4));
  const DeviceArray<T> store(kernels, random_values<T>(product(kRows * kStride, kLayers * 2 * kWidth), 2, 5));
  const DeviceArray<std::int32_t> all_places(kernels, places);
  const DeviceArray<std::int32_t> all_counts(kernels, counts);
  const DeviceArray<T> result(kernels, product(kRows, kWidth));
  kernels.attend({qkv.data(), store.data(), kTypeOf<T>, kRows, kHeads, 1, kLayers, all_places.data(), kStride,
                  all_counts.data(), result.data()},
                 nullptr);
  return result.values();
}

template <typename T>
Comparison compare_attend(const std::string& type, double allowed, const Kernels& device,
                          const Kernels& reference) {
  return {"attend " + type, difference(to_floats(attend<T>(device)), to_floats(attend<T>(reference))),
          allowed};
}

}  // namespace

std::vector<Comparison> compare_kernels(const Kernels& device, const Kernels& reference) {
  return {compare_top_tokens<float>("fp32", device, reference),
          compare_top_tokens<Half>("fp16", device, reference),
          compare_resize<float>("fp32", device, reference),
          compare_resize<Half>("fp16", device, reference),
          compare_attend<float>("fp32", 1e-5, device, reference),
          compare_attend<Half>("fp16", 2e-3, device, reference)};
}

}  // namespace caption::cuda
