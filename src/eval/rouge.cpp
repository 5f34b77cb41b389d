#include "eval/rouge.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace caption::eval {
namespace {

/// Length of the longest common subsequence.
std::size_t common(const std::vector<WordId>& a, const std::vector<WordId>& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const WordId word : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = word == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

double rouge_l(const Item& item) {
  constexpr double kBeta = 1.2;
  double precision = 0;
  double recall = 0;
  for (const Sentence& reference : item.references) {
    if (item.candidate.tokens.empty() || reference.tokens.empty()) continue;
    const auto length = static_cast<double>(common(reference.tokens, item.candidate.tokens));
    precision = std::max(precision, length / static_cast<double>(item.candidate.tokens.size()));
    recall = std::max(recall, length / static_cast<double>(reference.tokens.size()));
  }
  if (precision == 0 || recall == 0) return 0;
  return (1 + kBeta * kBeta) * precision * recall / (recall + kBeta * kBeta * precision);
}

}  // namespace caption::eval
