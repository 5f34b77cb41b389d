#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/sentence.h"

namespace caption::eval {

/// The longest sequences of words that metrics count.
inline constexpr std::size_t kOrders = 4;

struct NgramCount {
  std::uint32_t ngram;  ///< number of the sequence among those of its length
  std::uint32_t count;
};

/// Of one sentence: the sequences of 1 to kOrders words, each order ascending by number.
using NgramCounts = std::array<std::vector<NgramCount>, kOrders>;

/// Numbers of sequences of words.
class NgramTable {
 public:
  NgramCounts count(std::span<const WordId> words);
  /// How many sequences of order + 1 words there are.
  std::size_t size(std::size_t order) const { return orders_[order].used; }

 private:
  struct Slot {
    std::uint64_t key;  ///< the sequence without its last word, and that, each one more than its number
    std::uint32_t number;
  };
  struct Order {
    std::vector<Slot> slots;  ///< open addressing; the size is a power of two
    std::size_t used = 0;
  };

  static std::uint32_t number(Order& order, std::uint64_t key);
  static void grow(Order& order);

  std::array<Order, kOrders> orders_;
};

}  // namespace caption::eval
