#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace caption {

/// Byte-pair encoding: which pairs of tokens merge into which, and in which order.
class PairMerges {
 public:
  void reserve(std::size_t count) { merges_.reserve(count); }
  /// Behind all that were added before. False if the pair merges already.
  bool add(std::int32_t left, std::int32_t right, std::int32_t merged);

  /// Appends what the tokens of one piece merge into. Time n log n in their number.
  void merge(std::span<const std::int32_t> piece, std::vector<std::int32_t>& ids) const;

 private:
  struct Merge {
    std::uint32_t rank;  ///< lower merges first
    std::int32_t merged;
  };
  struct Symbol;
  struct Offer;

  void offer(const std::vector<Symbol>& symbols, std::size_t left, std::vector<Offer>& offers) const;

  std::unordered_map<std::uint64_t, Merge> merges_;  ///< by left id * 2^32 + right id
};

}  // namespace caption
