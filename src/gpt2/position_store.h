#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace caption {

/// Memory for the keys and values of single positions, in places of one size that are used again. It grows in
/// blocks and gives nothing back before its end.
class PositionStore {
 public:
  /// Each place has room for `floats` floats.
  explicit PositionStore(std::int64_t floats) : floats_(floats) {}

  /// A place that is free, with any content.
  std::int32_t take();
  /// Frees all places but those in `used` (any order, repetitions too).
  void keep_only(std::span<const std::vector<std::int32_t>> used);

  float* at(std::int32_t place) const {
    return blocks_[static_cast<std::size_t>(place / kBlock)].get() + place % kBlock * floats_;
  }
  /// All places, free ones too.
  std::int64_t capacity() const { return static_cast<std::int64_t>(blocks_.size()) * kBlock; }

 private:
  static constexpr std::int32_t kBlock = 32;

  std::int64_t floats_;
  std::vector<std::unique_ptr<float[]>> blocks_;
  std::vector<std::int32_t> free_;
  std::vector<bool> used_;  // scratch, by place
};

}  // namespace caption
