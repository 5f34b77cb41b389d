#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "gpt2/cache.h"
#include "gpt2/position_store.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/work.h"
#include "layers/cpu.h"

namespace caption {
namespace {

constexpr std::int64_t kLanes = 16;
/// Multiply-adds below which waking other threads costs more than it saves.
constexpr std::int64_t kWorthSharing = 32 * 1024;

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

class SharedCache : public Cache<Tensor> {
 public:
  explicit SharedCache(const CacheShape& shape)
      : heads_(shape.heads),
        head_(shape.head_width),
        width_(heads_ * head_),
        scale_(1.0F / std::sqrt(static_cast<float>(head_))),
        store_(shape.layers * 2 * width_) {}

  void begin_pass(std::span<const std::int32_t> parents, const Joining& joining) override {
    std::vector<std::vector<std::int32_t>> rows;
    rows.reserve(parents.size() + index(joining.prefixes));
    for (const std::int32_t parent : parents) rows.push_back(rows_[index(parent)]);
    store_.keep_only(rows);
    new_positions_.clear();
    for (std::vector<std::int32_t>& row : rows) append(row, 1, &row - rows.data());
    for (std::int64_t i = 0; i < joining.prefixes; ++i) {
      const auto row = static_cast<std::int64_t>(rows.size());
      append(rows.emplace_back(), joining.positions, row);
    }
    rows_ = std::move(rows);
  }

  Tensor attend(std::int64_t layer, const Tensor& qkv) override {
    const auto* from = qkv.data();
    Tensor y = Tensor::empty({qkv.size(0), width_});
    auto* to = y.mutable_data();
    keep(layer, from);
    constexpr auto kBytes = static_cast<std::int64_t>(sizeof(float));
    count_work(Arithmetic::fp32, 4 * work(), 2 * work() * kBytes);
    const auto range = [&](std::size_t begin, std::size_t end) {
      Scratch scratch;
      std::int64_t current = -1;
      for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
        const std::int64_t position = task / heads_;
        if (current != position) point_to_past(layer, new_positions_[index(current = position)], scratch);
        const std::int64_t offset = task % heads_ * head_;
        attend_head(from + position * 3 * width_ + offset, offset, scratch, to + position * width_ + offset);
      }
    };
    const std::size_t tasks = new_positions_.size() * index(heads_);
    if (work() < kWorthSharing) {
      range(0, tasks);
    } else {
      parallel_for(tasks, range);
    }
    return y;
  }

 private:
  /// A position of this pass: the row's number and the count of its positions so far, this one included.
  struct NewPosition {
    std::int64_t row;
    std::int64_t count;
  };

  struct Scratch {
    std::vector<const float*> keys;    // of each position up to the one in question, [width]
    std::vector<const float*> values;  // likewise
    std::vector<float> scores;
  };

  void append(std::vector<std::int32_t>& places, std::int64_t count, std::int64_t row) {
    for (std::int64_t i = 0; i < count; ++i) {
      places.push_back(store_.take());
      new_positions_.push_back({row, static_cast<std::int64_t>(places.size())});
    }
  }

  /// Multiply-adds of one layer.
  std::int64_t work() const {
    std::int64_t positions = 0;
    for (const NewPosition& position : new_positions_) positions += position.count;
    return positions * width_;
  }

  float* keys_at(std::int32_t place, std::int64_t layer) const {
    return store_.at(place) + layer * 2 * width_;
  }

  /// Copies keys and values of all new positions.
  void keep(std::int64_t layer, const float* qkv) const {
    for (std::size_t i = 0; i < new_positions_.size(); ++i) {
      const NewPosition& position = new_positions_[i];
      const std::int32_t place = rows_[index(position.row)][index(position.count - 1)];
      std::copy_n(qkv + (3 * static_cast<std::int64_t>(i) + 1) * width_, 2 * width_, keys_at(place, layer));
    }
  }

  void point_to_past(std::int64_t layer, const NewPosition& position, Scratch& scratch) const {
    const std::vector<std::int32_t>& places = rows_[index(position.row)];
    const std::size_t count = index(position.count);
    scratch.keys.resize(count);
    scratch.values.resize(count);
    scratch.scores.resize((count + kLanes - 1) / kLanes * kLanes);
    for (std::size_t t = 0; t < count; ++t) {
      scratch.keys[t] = keys_at(places[t], layer);
      scratch.values[t] = scratch.keys[t] + width_;
    }
  }

  void attend_head(const float* q, std::int64_t offset, Scratch& scratch, float* y) const {
    const kernels::Past past{scratch.keys.data(), scratch.values.data(), offset,
                             static_cast<std::int64_t>(scratch.keys.size())};
    kernels::active().attend(q, past, head_, scale_, scratch.scores.data(), y);
  }

  std::int64_t heads_;
  std::int64_t head_;  // channels of one
  std::int64_t width_;
  float scale_;
  PositionStore store_;                          // of [L, 2 width]: keys, values
  std::vector<std::vector<std::int32_t>> rows_;  // of places, one for each position
  std::vector<NewPosition> new_positions_;       // in qkv's order
};

}  // namespace

template <>
std::unique_ptr<Cache<Tensor>> make_cache(const CacheShape& shape, const CpuCompute& /*compute*/) {
  return std::make_unique<SharedCache>(shape);
}

}  // namespace caption
