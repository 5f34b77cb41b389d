#include "kernels/fastest.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <vector>

namespace caption::kernels {
namespace {

/// Rows and inputs of what is measured: several blocks of rows, and a panel that stays near.
constexpr std::int64_t kRows = 48;
constexpr std::int64_t kInputs = 256;
constexpr auto kEach = std::chrono::microseconds(300);
/// How much less time an earlier set must take.
constexpr double kClearly = 0.95;

/// Seconds of the quickest of some products of zeros, which take as long as others.
template <typename Word, typename Sum>
double seconds_of(const PanelProduct<Word, Sum>& product, std::int64_t steps, std::int64_t input_words) {
  using Clock = std::chrono::steady_clock;
  const std::vector<Word> panel(static_cast<std::size_t>(steps * kPanel));
  const std::vector<Word> x(static_cast<std::size_t>(kRows * steps * input_words));
  std::vector<Sum> sums(static_cast<std::size_t>(kRows * kPanel));
  double least = std::numeric_limits<double>::infinity();
  const auto end = Clock::now() + kEach;
  do {
    const auto start = Clock::now();
    for (std::int64_t row = 0; row < kRows; row += product.tile_rows) {
      product.run({panel.data(), steps * kColumn, steps, panel.data()}, x.data() + row * steps * input_words,
                  steps * input_words, std::min(product.tile_rows, kRows - row), sums.data() + row * kPanel);
    }
    least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return least;
}

double fp32_seconds(const Kernels& set) {
  return seconds_of(set.panel_fp32, kInputs, 1);
}

double bf16_seconds(const Kernels& set) {
  return set.bf16_by_tiles ? 0 : seconds_of(set.panel_bf16, kInputs / 2, set.bf16_input_words);
}

double int8_seconds(const Kernels& set) {
  return seconds_of(set.panel_int8, kInputs / 4, set.int8_input_words);
}

const Kernels& fastest_by(std::span<const Kernels* const> sets, double (*seconds)(const Kernels&)) {
  const Kernels* best = sets.back();
  double least = seconds(*best);
  for (const Kernels* set : sets.first(sets.size() - 1)) {
    const double took = seconds(*set);
    if (took >= kClearly * least) continue;
    best = set;
    least = took;
  }
  return *best;
}

}  // namespace

Fastest fastest_of(std::span<const Kernels* const> sets) {
  const Kernels& fp32 = fastest_by(sets, fp32_seconds);
  const Kernels& bf16 = fastest_by(sets, bf16_seconds);
  const Kernels& int8 = fastest_by(sets, int8_seconds);
  Fastest fastest{fp32, std::string(fp32.name)};
  Kernels& kernels = fastest.kernels;
  kernels.panel_bf16 = bf16.panel_bf16;
  kernels.bf16_by_tiles = bf16.bf16_by_tiles;
  kernels.bf16_input_words = bf16.bf16_input_words;
  kernels.round_bf16 = bf16.round_bf16;
  kernels.panel_int8 = int8.panel_int8;
  kernels.int8_input_words = int8.int8_input_words;
  kernels.quantize = int8.quantize;
  kernels.quantize_finely = int8.quantize_finely;
  if (bf16.name != fp32.name) fastest.name += ", bf16 " + std::string(bf16.name);
  if (int8.name != fp32.name) fastest.name += ", int8 " + std::string(int8.name);
  return fastest;
}

}  // namespace caption::kernels
