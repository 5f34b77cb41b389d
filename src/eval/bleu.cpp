#include "eval/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace caption::eval {
namespace {

std::uint32_t count_of(const std::vector<NgramCount>& counts, std::uint32_t ngram) {
  const auto found = std::lower_bound(counts.begin(), counts.end(), ngram,
                                      [](const NgramCount& a, std::uint32_t b) { return a.ngram < b; });
  return found != counts.end() && found->ngram == ngram ? found->count : 0;
}

}  // namespace

void BleuCounts::add(const BleuCounts& other, double times) {
  length += times * other.length;
  reference_length += times * other.reference_length;
  for (std::size_t i = 0; i < kOrders; ++i) {
    all[i] += times * other.all[i];
    hit[i] += times * other.hit[i];
  }
}

BleuCounts count_bleu(const Item& item, const NgramCounts& candidate,
                      std::span<const NgramCounts> references) {
  BleuCounts counts;
  const auto length = static_cast<double>(item.candidate.words.size());
  counts.length = length;
  std::pair<double, double> closest{-1, 0};
  for (const Sentence& reference : item.references) {
    const auto other = static_cast<double>(reference.words.size());
    const std::pair<double, double> distance{std::abs(other - length), other};
    if (closest.first < 0 || distance < closest) closest = distance;
  }
  counts.reference_length = closest.second;
  for (std::size_t i = 0; i < kOrders; ++i) {
    counts.all[i] = std::max(0.0, length - static_cast<double>(i));
    for (const NgramCount& ngram : candidate[i]) {
      std::uint32_t most = 0;
      for (const NgramCounts& reference : references)
        most = std::max(most, count_of(reference[i], ngram.ngram));
      counts.hit[i] += std::min(most, ngram.count);
    }
  }
  return counts;
}

std::array<double, kOrders> bleu(const BleuCounts& counts) {
  constexpr double kSmall = 1e-9;  // as in pycocoevalcap: no division by zero
  constexpr double kTiny = 1e-15;
  std::array<double, kOrders> scores{};
  if (counts.length == 0) return scores;
  const double ratio = (counts.length + kTiny) / (counts.reference_length + kSmall);
  const double brevity = ratio < 1 ? std::exp(1 - 1 / ratio) : 1;
  double product = 1;
  for (std::size_t i = 0; i < kOrders; ++i) {
    product *= (counts.hit[i] + kTiny) / (counts.all[i] + kSmall);
    scores[i] = std::pow(product, 1.0 / static_cast<double>(i + 1)) * brevity;
  }
  return scores;
}

}  // namespace caption::eval
