#include "text/pair_merges.h"

#include <algorithm>
#include <limits>

namespace caption {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

/// A token of the piece being encoded, in a list that shrinks as tokens merge.
struct PairMerges::Symbol {
  std::int32_t id;
  std::size_t previous;
  std::size_t next;
};

/// A merge that was possible when it was found; stale if either token has changed since.
struct PairMerges::Offer {
  std::uint32_t rank;
  std::size_t left;  ///< place of the left token
  std::int32_t left_id;
  std::int32_t right_id;
  std::int32_t merged;

  /// Order of a heap whose top is the lowest rank, the leftmost first.
  bool operator<(const Offer& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

bool PairMerges::add(std::int32_t left, std::int32_t right, std::int32_t merged) {
  const Merge merge{static_cast<std::uint32_t>(merges_.size()), merged};
  return merges_.try_emplace(pair_key(left, right), merge).second;
}

void PairMerges::offer(const std::vector<Symbol>& symbols, std::size_t left,
                       std::vector<Offer>& offers) const {
  if (left == kNone || symbols[left].next == kNone) return;
  const std::int32_t left_id = symbols[left].id;
  const std::int32_t right_id = symbols[symbols[left].next].id;
  const auto found = merges_.find(pair_key(left_id, right_id));
  if (found == merges_.end()) return;
  offers.push_back({found->second.rank, left, left_id, right_id, found->second.merged});
  std::push_heap(offers.begin(), offers.end());
}

void PairMerges::merge(std::span<const std::int32_t> piece, std::vector<std::int32_t>& ids) const {
  constexpr std::int32_t kGone = -1;
  std::vector<Symbol> symbols(piece.size());
  std::vector<Offer> offers;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const std::size_t next = i + 1 < piece.size() ? i + 1 : kNone;
    symbols[i] = {piece[i], i == 0 ? kNone : i - 1, next};
  }
  for (std::size_t i = 0; i < symbols.size(); ++i) offer(symbols, i, offers);
  while (!offers.empty()) {
    std::pop_heap(offers.begin(), offers.end());
    const Offer best = offers.back();
    offers.pop_back();
    Symbol& left = symbols[best.left];
    if (left.id != best.left_id || left.next == kNone || symbols[left.next].id != best.right_id) continue;
    Symbol& right = symbols[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.id = kGone;
    if (left.next != kNone) symbols[left.next].previous = best.left;
    offer(symbols, left.previous, offers);
    offer(symbols, best.left, offers);
  }
  for (std::size_t i = piece.empty() ? kNone : 0; i != kNone; i = symbols[i].next)
    ids.push_back(symbols[i].id);
}

}  // namespace caption
