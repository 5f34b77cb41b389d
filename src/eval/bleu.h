#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "eval/ngrams.h"

namespace caption::eval {

/// What BLEU needs to know of a picture, or of many: the counts add up. Of the references' lengths the one
/// closest to the candidate's counts, of equally close ones the shortest, as in pycocoevalcap.
struct BleuCounts {
  double length = 0;                  ///< words of the candidate
  double reference_length = 0;        ///< words of that reference
  std::array<double, kOrders> all{};  ///< the candidate's sequences of 1, 2, 3 and 4 words
  std::array<double, kOrders> hit{};  ///< those that a reference has as often

  void add(const BleuCounts& other, double times = 1);
};

/// Of a candidate with `length` words and its references.
BleuCounts count_bleu(const Item& item, const NgramCounts& candidate,
                      std::span<const NgramCounts> references);

/// BLEU-1 to BLEU-4. 0 without words.
std::array<double, kOrders> bleu(const BleuCounts& counts);

}  // namespace caption::eval
