#include "decode/banned_sequences.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace caption {
namespace {

using Sequence = std::vector<std::int32_t>;

std::int32_t last_but_one(const Sequence& sequence) {
  return sequence[sequence.size() - 2];
}

template <typename T>
void drop_equal(std::vector<T>& sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
}

}  // namespace

BannedSequences::BannedSequences(std::vector<Sequence> sequences) {
  for (Sequence& sequence : sequences) {
    if (sequence.size() == 1) {
      single_.push_back(sequence[0]);
    } else {
      longer_.push_back(std::move(sequence));
    }
  }
  std::sort(single_.begin(), single_.end());
  drop_equal(single_);
  std::sort(longer_.begin(), longer_.end(), [](const Sequence& a, const Sequence& b) {
    return std::make_tuple(last_but_one(a), std::cref(a)) < std::make_tuple(last_but_one(b), std::cref(b));
  });
  drop_equal(longer_);
}

void BannedSequences::complete(std::span<const std::int32_t> tokens, std::vector<std::int32_t>& found) const {
  if (tokens.empty()) return;
  auto candidate = std::lower_bound(
      longer_.begin(), longer_.end(), tokens.back(),
      [](const Sequence& sequence, std::int32_t token) { return last_but_one(sequence) < token; });
  for (; candidate != longer_.end() && last_but_one(*candidate) == tokens.back(); ++candidate) {
    const std::size_t begun = candidate->size() - 1;
    if (begun <= tokens.size() &&
        std::equal(tokens.end() - static_cast<std::ptrdiff_t>(begun), tokens.end(), candidate->begin())) {
      found.push_back(candidate->back());
    }
  }
}

}  // namespace caption
