#include <cstddef>
#include <vector>

#include "core/layers.h"
#include "gpt2/cache.h"

namespace caption {
namespace {

class GatheredCache : public Cache {
 public:
  explicit GatheredCache(const CacheShape& shape)
      : shape_(shape), past_(static_cast<std::size_t>(shape.layers)) {}

  void keep_prefix(std::int64_t layer, const at::Tensor& qkv) override {
    const std::int64_t width = qkv.size(2) / 3;
    past_[static_cast<std::size_t>(layer)] = qkv.slice(2, width, 3 * width);
  }

  void begin_step(std::span<const std::int32_t> parents) override {
    const at::Tensor rows = at::empty({static_cast<std::int64_t>(parents.size())}, at::kLong);
    for (std::size_t r = 0; r < parents.size(); ++r) rows.mutable_data_ptr<std::int64_t>()[r] = parents[r];
    const at::Tensor there = rows.to(past_.front().device());
    for (at::Tensor& past : past_) past = past.index_select(0, there);
  }

  at::Tensor attend(std::int64_t layer, const at::Tensor& qkv) override {
    const std::int64_t width = qkv.size(1) / 3;
    const at::Tensor now = qkv.unsqueeze(1);  // [R, 3 width] -> [R, 1, 3 width]
    at::Tensor& past = past_[static_cast<std::size_t>(layer)];
    past = at::cat({past, now.slice(2, width, 3 * width)}, 1);
    return attention(now.slice(2, 0, width), past.slice(2, 0, width), past.slice(2, width, 2 * width),
                     shape_.heads, false)
        .squeeze(1);
  }

 private:
  CacheShape shape_;
  std::vector<at::Tensor> past_;  // [L] of [R, T, 2 width]: keys, values
};

}  // namespace

std::unique_ptr<Cache> make_gathered_cache(const CacheShape& shape) {
  return std::make_unique<GatheredCache>(shape);
}

}  // namespace caption
