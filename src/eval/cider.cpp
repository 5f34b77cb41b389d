#include "eval/cider.h"

#include <algorithm>
#include <cmath>

namespace caption::eval {
namespace {

/// Counts with their weights.
struct Weighted {
  struct Term {
    std::uint32_t ngram;
    double weight;
  };
  std::array<std::vector<Term>, kOrders> terms;
  std::array<double, kOrders> norms{};
  double length = 0;  ///< sequences of two words
};

Weighted weigh(const NgramCounts& counts, const DocumentFrequencies& frequencies) {
  Weighted weighted;
  const double pictures = std::log(static_cast<double>(frequencies.pictures()));
  for (std::size_t order = 0; order < kOrders; ++order) {
    double squares = 0;
    for (const NgramCount& ngram : counts[order]) {
      const double frequency = std::max(1.0, frequencies.frequency(order, ngram.ngram));
      const double weight = ngram.count * (pictures - std::log(frequency));
      weighted.terms[order].push_back({ngram.ngram, weight});
      squares += weight * weight;
      if (order == 1) weighted.length += ngram.count;
    }
    weighted.norms[order] = std::sqrt(squares);
  }
  return weighted;
}

/// Sums of the orders' similarities.
CiderScores similarity(const Weighted& candidate, const Weighted& reference) {
  constexpr double kSigma = 6;
  const double delta = candidate.length - reference.length;
  const double penalty = std::exp(-(delta * delta) / (2 * kSigma * kSigma));
  CiderScores sums;
  for (std::size_t order = 0; order < kOrders; ++order) {
    double plain = 0;
    double clipped = 0;
    const auto& others = reference.terms[order];
    auto other = others.begin();
    for (const Weighted::Term& term : candidate.terms[order]) {
      while (other != others.end() && other->ngram < term.ngram) ++other;
      if (other == others.end()) break;
      if (other->ngram != term.ngram) continue;
      plain += term.weight * other->weight;
      clipped += std::min(term.weight, other->weight) * other->weight;
    }
    const double norm = candidate.norms[order] * reference.norms[order];
    if (norm == 0) continue;
    sums.cider += plain / norm;
    sums.cider_d += clipped / norm * penalty;
  }
  return sums;
}

}  // namespace

void DocumentFrequencies::add(std::span<const NgramCounts> references) {
  ++pictures_;
  std::vector<std::uint32_t> seen;
  for (std::size_t order = 0; order < kOrders; ++order) {
    seen.clear();
    for (const NgramCounts& reference : references)
      for (const NgramCount& ngram : reference[order]) seen.push_back(ngram.ngram);
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    std::vector<std::uint32_t>& frequencies = frequencies_[order];
    if (!seen.empty() && seen.back() >= frequencies.size()) frequencies.resize(std::size_t{seen.back()} + 1);
    for (const std::uint32_t ngram : seen) ++frequencies[ngram];
  }
}

CiderScores cider(const NgramCounts& candidate, std::span<const NgramCounts> references,
                  const DocumentFrequencies& frequencies) {
  const Weighted weighted = weigh(candidate, frequencies);
  CiderScores sums;
  for (const NgramCounts& reference : references) {
    const CiderScores one = similarity(weighted, weigh(reference, frequencies));
    sums.cider += one.cider;
    sums.cider_d += one.cider_d;
  }
  const double scale = 10.0 / static_cast<double>(kOrders * references.size());
  return {sums.cider * scale, sums.cider_d * scale};
}

}  // namespace caption::eval
