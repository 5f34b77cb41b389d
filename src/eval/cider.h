#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/ngrams.h"

namespace caption::eval {

/// In how many pictures' references each sequence of words occurs.
class DocumentFrequencies {
 public:
  /// Of one picture. A sequence counts once.
  void add(std::span<const NgramCounts> references);

  std::size_t pictures() const { return pictures_; }
  double frequency(std::size_t order, std::uint32_t ngram) const {
    return ngram < frequencies_[order].size() ? frequencies_[order][ngram] : 0;
  }

 private:
  std::size_t pictures_ = 0;
  std::array<std::vector<std::uint32_t>, kOrders> frequencies_;
};

/// Of one picture, times ten, as in pycocoevalcap.
struct CiderScores {
  double cider = 0;    ///< as defined: the mean cosine of weighted counts of sequences of 1 to 4 words
  double cider_d = 0;  ///< with clipped counts and a penalty for other lengths; pycocoevalcap calls it CIDEr
};

CiderScores cider(const NgramCounts& candidate, std::span<const NgramCounts> references,
                  const DocumentFrequencies& frequencies);

}  // namespace caption::eval
