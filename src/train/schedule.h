#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caption {

/// How the learning rate falls after the warm-up: to 0 at the last update in a straight line or as half a
/// cosine, or not at all.
enum class Decay { linear, cosine, constant };

struct RateSchedule {
  double highest = 2e-5;
  std::int64_t warmup =
      0;  ///< updates in which it rises in a straight line, to `highest` in the last of them
  std::int64_t updates = 1;
  Decay decay = Decay::linear;

  /// Of update `number`, from 1 on. transformers' get_linear_schedule_with_warmup gives update n + 1 this
  /// rate: its first one learns nothing.
  double at(std::int64_t number) const;
};

/// Which examples each update takes: every epoch has all of them in another order, which depends on the seed
/// and the epoch alone.
class BatchOrder {
 public:
  BatchOrder(std::size_t examples, std::size_t batch, std::uint64_t seed);

  /// Updates of an epoch, whose last one may have fewer examples.
  std::int64_t updates_per_epoch() const;
  /// Of update `number`, from 1 on.
  std::vector<std::size_t> batch(std::int64_t number);

 private:
  void shuffle(std::int64_t epoch);

  std::size_t batch_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;  // of order_
  std::vector<std::size_t> order_;
};

}  // namespace caption
