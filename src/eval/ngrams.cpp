#include "eval/ngrams.h"

#include <algorithm>
#include <utility>

namespace caption::eval {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::size_t hash(std::uint64_t key) {
  key *= 0x9E3779B97F4A7C15U;
  return static_cast<std::size_t>(key ^ (key >> 29U));
}

}  // namespace

NgramCounts NgramTable::count(std::span<const WordId> words) {
  NgramCounts counts;
  for (std::size_t begin = 0; begin < words.size(); ++begin) {
    std::uint64_t before = 0;
    for (std::size_t order = 0; order < kOrders && begin + order < words.size(); ++order) {
      const std::uint64_t key = before << 32U | (std::uint64_t{words[begin + order]} + 1);
      const std::uint32_t ngram = number(orders_[order], key);
      counts[order].push_back({ngram, 1});
      before = std::uint64_t{ngram} + 1;
    }
  }
  for (std::vector<NgramCount>& order : counts) {
    std::sort(order.begin(), order.end(),
              [](const NgramCount& a, const NgramCount& b) { return a.ngram < b.ngram; });
    std::size_t last = 0;
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i].ngram == order[last].ngram) {
        ++order[last].count;
      } else {
        order[++last] = order[i];
      }
    }
    if (!order.empty()) order.resize(last + 1);
  }
  return counts;
}

std::uint32_t NgramTable::number(Order& order, std::uint64_t key) {
  if ((order.used + 1) * 2 > order.slots.size()) grow(order);
  const std::size_t mask = order.slots.size() - 1;
  std::size_t at = hash(key) & mask;
  while (order.slots[at].key != 0 && order.slots[at].key != key) at = (at + 1) & mask;
  if (order.slots[at].key == 0) order.slots[at] = {key, static_cast<std::uint32_t>(order.used++)};
  return order.slots[at].number;
}

void NgramTable::grow(Order& order) {
  std::vector<Slot> old(std::max(kFirstSlots, order.slots.size() * 2));
  std::swap(old, order.slots);
  const std::size_t mask = order.slots.size() - 1;
  for (const Slot& slot : old) {
    if (slot.key == 0) continue;
    std::size_t at = hash(slot.key) & mask;
    while (order.slots[at].key != 0) at = (at + 1) & mask;
    order.slots[at] = slot;
  }
}

}  // namespace caption::eval
