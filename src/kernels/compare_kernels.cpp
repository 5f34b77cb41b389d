#include "kernels/compare_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace caption::kernels {
namespace {

/// Of a sum of kIn products of numbers up to 2: far above what another order of adding up changes, far below
/// what any wrong number would.
constexpr double kOtherOrder = 1e-3;

constexpr std::int64_t kIn = 261;   ///< inputs: neither even nor a multiple of anything
constexpr std::int64_t kRows = 33;  ///< more than a block of any set
constexpr std::int64_t kWidth = 320;
constexpr std::int64_t kPositions = 37;
constexpr std::int64_t kDim = 64;
constexpr std::int64_t kTaps = 25;  ///< of a depthwise convolution

/// What each function gave: its name and its values, flat. Doubles hold all of their types exactly.
using Results = std::vector<std::pair<std::string, std::vector<double>>>;

template <typename Number>
using Values = std::vector<Number>;

std::int64_t divide_up(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// Numbers of T from low to high, the same in each call with the same seed.
template <typename T>
Values<T> numbers(std::int64_t count, double low, double high, std::uint32_t seed) {
  std::mt19937 random(seed);
  Values<T> values;
  values.reserve(index(count));
  for (std::int64_t i = 0; i < count; ++i) {
    // Not by a distribution of std, which is another with each library.
    const double share = static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
    values.push_back(static_cast<T>(low + (high - low) * share));
  }
  return values;
}

Values<float> floats(std::int64_t count, double spread, std::uint32_t seed) {
  return numbers<float>(count, -spread, spread, seed);
}

template <typename... Parts>
std::vector<double> together(const Parts&... parts) {
  std::vector<double> all;
  (all.insert(all.end(), parts.begin(), parts.end()), ...);
  return all;
}

/// x [kRows, stride] by a panel -> sums [rows, 64], of one row, of some and of all: as the matrices do it.
template <typename Word, typename Sum>
std::vector<double> product(const PanelProduct<Word, Sum>& kernel, const Word* panel, const Word* x,
                            std::int64_t stride, std::int64_t steps) {
  std::vector<double> all;
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, kRows}) {
    Values<Sum> sums(index(rows * kPanel), Sum{1});
    kernel.run({panel, steps * kColumn, steps, panel}, x, stride, rows, sums.data());
    all.insert(all.end(), sums.begin(), sums.end());
  }
  return all;
}

void add_products(const Kernels& k, Results& results) {
  const Values<float> panel = floats(kIn * kPanel, 2, 1);
  const Values<float> x = floats(kRows * kIn, 2, 2);
  results.emplace_back("product fp32", product(k.panel_fp32, panel.data(), x.data(), kIn, kIn));

  const std::int64_t pairs = divide_up(kIn, 2);
  Values<std::uint32_t> packed(index(pairs * kPanel));
  k.pack_bf16(panel.data(), kIn, packed.data(), pairs * kColumn);
  results.emplace_back("pack bf16", together(packed));
  const std::int64_t stride = pairs * k.bf16_input_words;
  Values<std::uint32_t> rounded(index(kRows * stride));
  for (std::int64_t r = 0; r < kRows; ++r) k.round_bf16(x.data() + r * kIn, kIn, rounded.data() + r * stride);
  results.emplace_back("product bf16", product(k.panel_bf16, packed.data(), rounded.data(), stride, pairs));
}

/// Rows of which every second one has none but the largest and the lowest numbers, by weights that are as
/// large as they can be in every second output: what sums of less than 32 bits could not hold.
void add_int8(const Kernels& k, Results& results) {
  Values<float> x = floats(kRows * kIn, 2, 2);
  for (std::int64_t r = 1; r < kRows; r += 2) {
    for (std::int64_t i = 0; i < kIn; ++i) x[index(r * kIn + i)] = x[index(r * kIn + i)] < 0 ? -3.0F : 2.0F;
  }
  Values<float> panel = floats(kIn * kPanel, 1, 3);
  for (std::size_t i = 1; i < panel.size(); i += 2) panel[i] = panel[i] < 0 ? -1.0F : 1.0F;

  const std::int64_t fours = divide_up(kIn, 4);
  Values<std::uint32_t> packed(index(fours * kPanel));
  Values<float> scales(index(kPanel));
  Values<std::int32_t> corrections(index(kPanel));
  k.pack_int8(panel.data(), kIn, packed.data(), scales.data(), corrections.data());
  results.emplace_back("pack int8", together(packed, scales, corrections));

  const std::int64_t stride = divide_up(kIn, 16) * 4 * k.int8_input_words;
  std::vector<double> sizes;
  std::vector<double> coarse;
  std::vector<double> fine;
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{7}, kRows}) {
    Values<std::uint32_t> words(index(2 * rows * stride));
    Values<std::int32_t> sums(index(2 * rows * kPanel));
    for (std::int64_t r = 0; r < rows; ++r) {
      Origin origin;
      sizes.push_back(k.quantize(x.data() + r * kIn, kIn, words.data() + r * stride, &origin));
      k.begin_sums(origin, corrections.data(), sums.data() + r * kPanel);
    }
    const PanelPart<std::uint32_t> part{packed.data(), fours * kColumn, fours, packed.data()};
    k.panel_int8.run(part, words.data(), stride, rows, sums.data());
    coarse.insert(coarse.end(), sums.begin(), sums.begin() + rows * kPanel);

    for (std::int64_t r = 0; r < rows; ++r) {
      std::uint32_t* const high = words.data() + 2 * r * stride;
      Origin origins[2];
      sizes.push_back(k.quantize_finely(x.data() + r * kIn, kIn, high, high + stride, origins));
      k.begin_sums(origins[0], corrections.data(), sums.data() + 2 * r * kPanel);
      k.begin_sums(origins[1], corrections.data(), sums.data() + (2 * r + 1) * kPanel);
    }
    k.panel_int8.run(part, words.data(), stride, 2 * rows, sums.data());
    fine.insert(fine.end(), sums.begin(), sums.end());
  }
  results.emplace_back("quantize", sizes);
  results.emplace_back("product int8", coarse);
  results.emplace_back("product int8, fine", fine);
}

void add_rounding(const Kernels& k, Results& results) {
  const auto sums = numbers<std::int32_t>(2 * kPanel, -1e6, 1e6, 7);
  const Values<float> bias = floats(kPanel, 1, 8);
  Values<float> y(index(2 * kPanel));
  k.scale_sums(sums.data(), nullptr, 1e-3F, bias.data(), bias.data(), y.data());
  k.scale_sums(sums.data(), sums.data() + kPanel, 1e-3F, bias.data(), bias.data(), y.data() + kPanel);
  results.emplace_back("scale sums", together(y));

  const auto halves = numbers<std::uint16_t>(kIn, 0, 0x7bff, 9);  // all of them finite
  Values<float> widened(index(kIn));
  k.from_half(halves.data(), kIn, widened.data());
  results.emplace_back("from half", together(widened));
}

void add_layers(const Kernels& k, Results& results) {
  const Values<float> sums = floats(kPanel, 8, 10);
  std::vector<double> finished;
  std::vector<double> added;
  for (int curve = 0; curve < kActivationCount; ++curve) {
    const auto activation = static_cast<Activation>(curve);
    Values<float> y(index(kPanel));
    k.finish(sums.data(), activation, kPanel - 1, y.data());
    finished.insert(finished.end(), y.begin(), y.end());
    Values<float> sum = floats(kPanel, 2, 11);
    k.add(sums.data(), activation, kPanel - 1, sum.data());
    added.insert(added.end(), sum.begin(), sum.end());
  }
  results.emplace_back("finish", finished);
  results.emplace_back("add", added);

  const Values<float> x = floats(3 * kWidth, 5, 12);
  Values<float> normal(index(kWidth));
  k.layer_norm(x.data(), x.data() + kWidth, x.data() + 2 * kWidth, kWidth, 1e-5F, normal.data());
  results.emplace_back("layer norm", together(normal));

  Values<float> weights = floats(112, 9, 13);
  k.softmax(weights.data(), 107, 112, 0.125F);
  results.emplace_back("softmax", together(weights));

  const Values<float> store = floats(2 * kPositions * 2 * kDim, 2, 14);
  std::vector<const float*> keys;
  std::vector<const float*> values;
  for (std::int64_t t = 0; t < kPositions; ++t) {
    keys.push_back(store.data() + t * 2 * kDim);
    values.push_back(store.data() + (kPositions + t) * 2 * kDim);
  }
  const Values<float> q = floats(kDim, 3, 15);
  Values<float> scores(48);
  Values<float> attended(index(kDim));
  k.attend(q.data(), {keys.data(), values.data(), kDim, kPositions}, kDim, 0.125F, scores.data(),
           attended.data());
  results.emplace_back("attend", together(attended));
}

void add_depthwise(const Kernels& k, Results& results) {
  const Values<float> x = floats(kTaps * kIn, 2, 16);
  const Values<float> weights = floats(kTaps * kIn, 1, 17);
  std::vector<Tap> taps;
  for (std::int64_t t = 0; t < kTaps; ++t) taps.push_back({x.data() + t * kIn, weights.data() + t * kIn});
  Values<float> y(index(kIn));
  k.depthwise(taps, floats(kIn, 1, 18).data(), kIn, Activation::relu6, y.data());
  results.emplace_back("depthwise", together(y));
}

Results run(const Kernels& kernels) {
  Results results;
  add_products(kernels, results);
  add_int8(kernels, results);
  add_rounding(kernels, results);
  add_layers(kernels, results);
  add_depthwise(kernels, results);
  return results;
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0) return 0;
  double largest = std::numeric_limits<double>::min();  // zeros of two signs
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double apart = std::abs(a[i] - b[i]);
    if (std::isnan(apart)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, apart);
  }
  return largest;
}

}  // namespace

std::vector<KernelComparison> compare_kernels(const Kernels& kernels, const Kernels& reference) {
  const Results here = run(kernels);
  const Results there = run(reference);
  std::vector<KernelComparison> comparisons;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const auto& [name, values] = here[i];
    const bool other_order = name == "product bf16" && kernels.bf16_by_tiles != reference.bf16_by_tiles;
    comparisons.push_back({name, difference(values, there[i].second), other_order ? kOtherOrder : 0});
  }
  return comparisons;
}

}  // namespace caption::kernels
