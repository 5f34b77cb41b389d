#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "core/kernels.h"
#include "core/parallel.h"
#include "core/work.h"
#include "gpt2/cache.h"

namespace caption {
namespace {

constexpr std::int64_t kHead = 64;
constexpr std::int64_t kLanes = 16;
/// Multiply-adds below which waking other threads costs more than it saves.
constexpr std::int64_t kWorthSharing = 32 * 1024;

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

class SharedCache : public Cache {
 public:
  explicit SharedCache(const CacheShape& shape) : shape_(shape), prefix_(index(shape.layers)) {
    steps_.reserve(index(shape.max_tokens));
  }

  void keep_prefix(std::int64_t layer, const at::Tensor& qkv) override {
    const std::int64_t width = shape_.heads * kHead;
    at::Tensor& prefix = prefix_[index(layer)];
    prefix = at::empty({qkv.size(0), qkv.size(1), 2 * width}, at::kFloat);
    copy_keys_and_values(qkv, prefix.mutable_data_ptr<float>());
    image_of_row_.resize(index(qkv.size(0)));
    for (std::size_t row = 0; row < image_of_row_.size(); ++row)
      image_of_row_[row] = static_cast<std::int32_t>(row);
    ancestors_.assign(image_of_row_.size(), {});
  }

  void begin_step(std::span<const std::int32_t> parents) override {
    std::vector<std::int32_t> images;
    std::vector<std::vector<std::int32_t>> ancestors;
    for (std::size_t row = 0; row < parents.size(); ++row) {
      const auto parent = static_cast<std::size_t>(parents[row]);
      images.push_back(image_of_row_[parent]);
      ancestors.push_back(ancestors_[parent]);
      ancestors.back().push_back(static_cast<std::int32_t>(row));
    }
    image_of_row_ = std::move(images);
    ancestors_ = std::move(ancestors);
    const auto rows = static_cast<std::int64_t>(parents.size());
    steps_.push_back(at::empty({shape_.layers, rows, 2 * shape_.heads * kHead}, at::kFloat));
  }

  at::Tensor attend(std::int64_t layer, const at::Tensor& qkv) override {
    const std::int64_t width = shape_.heads * kHead;
    const std::int64_t rows = qkv.size(0);
    copy_keys_and_values(qkv, steps_.back().mutable_data_ptr<float>() + layer * rows * 2 * width);
    at::Tensor y = at::empty({rows, width}, at::kFloat);

    const auto count = prefix_[index(layer)].size(1) + static_cast<std::int64_t>(steps_.size());
    constexpr auto kFloat = static_cast<std::int64_t>(sizeof(float));
    count_work(Arithmetic::fp32, 4 * rows * count * width, 2 * rows * count * width * kFloat);
    const auto range = [&](std::size_t begin, std::size_t end) {
      Scratch scratch(count);
      std::int64_t row = -1;
      for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
        if (row != task / shape_.heads) point_to_past(layer, row = task / shape_.heads, scratch);
        const std::int64_t offset = task % shape_.heads * kHead;
        attend_head(qkv.const_data_ptr<float>() + row * 3 * width + offset, offset, scratch,
                    y.mutable_data_ptr<float>() + row * width + offset);
      }
    };
    const auto tasks = index(rows * shape_.heads);
    if (rows * count * width < kWorthSharing) {
      range(0, tasks);
    } else {
      parallel_for(tasks, range);
    }
    return y;
  }

 private:
  /// qkv [..., 3 width], contiguous -> to [..., 2 width]. Not by LibTorch, whose threads would then spin
  /// beside ours.
  void copy_keys_and_values(const at::Tensor& qkv, float* to) const {
    const std::int64_t width = shape_.heads * kHead;
    const float* from = qkv.const_data_ptr<float>();
    for (std::int64_t row = 0; row < qkv.numel() / (3 * width); ++row) {
      std::copy_n(from + row * 3 * width + width, 2 * width, to + row * 2 * width);
    }
  }

  struct Scratch {
    explicit Scratch(std::int64_t count)
        : keys(index(count)), values(index(count)), scores(index((count + kLanes - 1) / kLanes * kLanes)) {}
    std::vector<const float*> keys;    // of each position before, [width]
    std::vector<const float*> values;  // likewise
    std::vector<float> scores;
  };

  /// Finds the keys and values that `row` looks at: its prefix's, then its ancestors' step by step.
  void point_to_past(std::int64_t layer, std::int64_t row, Scratch& scratch) const {
    const std::int64_t width = shape_.heads * kHead;
    const at::Tensor& prefix = prefix_[index(layer)];
    const std::int64_t positions = prefix.size(1);
    const float* first = prefix.const_data_ptr<float>() + image_of_row_[index(row)] * positions * 2 * width;
    for (std::int64_t t = 0; t < positions; ++t) scratch.keys[index(t)] = first + t * 2 * width;
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      const std::int64_t slot = layer * steps_[s].size(1) + ancestors_[index(row)][s];
      scratch.keys[index(positions) + s] = steps_[s].const_data_ptr<float>() + slot * 2 * width;
    }
    for (std::size_t t = 0; t < scratch.keys.size(); ++t) scratch.values[t] = scratch.keys[t] + width;
  }

  void attend_head(const float* q, std::int64_t offset, Scratch& scratch, float* y) const {
    const kernels::Past past{scratch.keys.data(), scratch.values.data(), offset,
                             static_cast<std::int64_t>(scratch.keys.size())};
    constexpr float kScale = 0.125F;  // 1 / sqrt(64)
    kernels::active().attend(q, past, kHead, kScale, scratch.scores.data(), y);
  }

  CacheShape shape_;
  std::vector<at::Tensor> prefix_;                    // [L] of [B, P, 2 width]: keys, values
  std::vector<at::Tensor> steps_;                     // one per step: [L, R, 2 width]
  std::vector<std::int32_t> image_of_row_;            // [R]
  std::vector<std::vector<std::int32_t>> ancestors_;  // [R] of one row index per step
};

}  // namespace

std::unique_ptr<Cache> make_shared_cache(const CacheShape& shape) {
  return std::make_unique<SharedCache>(shape);
}

}  // namespace caption
