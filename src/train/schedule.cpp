#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "decode/sample.h"

namespace caption {

double RateSchedule::at(std::int64_t number) const {
  if (number <= warmup) return highest * static_cast<double>(number) / static_cast<double>(warmup);
  const double rest = static_cast<double>(std::max<std::int64_t>(updates - warmup, 1));
  const double gone = std::min(static_cast<double>(number - warmup) / rest, 1.0);
  switch (decay) {
    case Decay::linear:
      return highest * (1 - gone);
    case Decay::cosine:
      return highest * (1 + std::cos(std::numbers::pi * gone)) / 2;
    case Decay::constant:
      break;
  }
  return highest;
}

BatchOrder::BatchOrder(std::size_t examples, std::size_t batch, std::uint64_t seed)
    : batch_(batch), seed_(seed), order_(examples) {}

std::int64_t BatchOrder::updates_per_epoch() const {
  return static_cast<std::int64_t>((order_.size() + batch_ - 1) / batch_);
}

void BatchOrder::shuffle(std::int64_t epoch) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  SplitMix64 random(seed_, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order_.size(); i > 1; --i)
    std::swap(order_[i - 1], order_[static_cast<std::size_t>(random.next() * static_cast<double>(i))]);
  epoch_ = epoch;
}

std::vector<std::size_t> BatchOrder::batch(std::int64_t number) {
  const std::int64_t each = updates_per_epoch();
  if (const std::int64_t epoch = (number - 1) / each; epoch != epoch_) shuffle(epoch);
  const std::size_t begin = static_cast<std::size_t>((number - 1) % each) * batch_;
  const std::size_t end = std::min(begin + batch_, order_.size());
  return {order_.begin() + static_cast<std::ptrdiff_t>(begin),
          order_.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace caption
