#include "gpt2/position_store.h"

#include <cstddef>

namespace caption {

std::int32_t PositionStore::take() {
  if (free_.empty()) {
    const auto first = static_cast<std::int32_t>(capacity());
    blocks_.push_back(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(kBlock * floats_)));
    for (std::int32_t i = kBlock; i > 0; --i) free_.push_back(first + i - 1);
  }
  const std::int32_t place = free_.back();
  free_.pop_back();
  return place;
}

void PositionStore::keep_only(std::span<const std::vector<std::int32_t>> used) {
  used_.assign(static_cast<std::size_t>(capacity()), false);
  for (const std::vector<std::int32_t>& places : used) {
    for (const std::int32_t place : places) used_[static_cast<std::size_t>(place)] = true;
  }
  free_.clear();
  for (auto place = static_cast<std::int32_t>(capacity()); place > 0; --place) {
    if (!used_[static_cast<std::size_t>(place - 1)]) free_.push_back(place - 1);
  }
}

}  // namespace caption
