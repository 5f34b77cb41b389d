#include <algorithm>
#include <cstddef>
#include <vector>

#include "gpt2/cache.h"
#include "libtorch/layers/layers.h"

namespace caption {
namespace {

class GatheredCache : public Cache<at::Tensor> {
 public:
  GatheredCache(const CacheShape& shape, at::Device device)
      : heads_(shape.heads), device_(device), past_(static_cast<std::size_t>(shape.layers)) {}

  void begin_pass(std::span<const std::int32_t> parents, const Joining& joining) override {
    joining_ = joining;
    std::vector<std::int64_t> lengths;
    for (const std::int32_t parent : parents)
      lengths.push_back(lengths_[static_cast<std::size_t>(parent)] + 1);
    rows_ = static_cast<std::int64_t>(lengths.size());
    if (rows_ > 0) {
      const at::Tensor both = at::empty({2, rows_}, at::kLong);
      std::copy(lengths.begin(), lengths.end(),
                std::copy(parents.begin(), parents.end(), both.mutable_data_ptr<std::int64_t>()));
      const at::Tensor there = both.to(device_);
      from_ = there[0];
      last_ = there[1].sub(1).view({rows_, 1, 1});
    }
    lengths.insert(lengths.end(), static_cast<std::size_t>(joining.prefixes), joining.positions);
    most_ = *std::max_element(lengths.begin(), lengths.end());
    if (rows_ > 0) mask_ = at::arange(most_, last_.options()).le(last_).unsqueeze(1);  // [R, 1, 1, T]
    lengths_ = std::move(lengths);
  }

  at::Tensor attend(std::int64_t layer, const at::Tensor& qkv) override {
    const std::int64_t width = qkv.size(1) / 3;
    const std::int64_t rows = rows_;
    at::Tensor now = at::zeros({rows + joining_.prefixes, most_, 2 * width}, qkv.options());
    std::vector<at::Tensor> y;  // [R, width], [B * P, width]
    if (rows > 0) {
      const at::Tensor& past = past_[static_cast<std::size_t>(layer)];
      const std::int64_t known = std::min(past.size(1), most_);
      const at::Tensor of_rows = now.narrow(0, 0, rows);  // [R, T, 2 width]
      of_rows.narrow(1, 0, known).copy_(past.narrow(1, 0, known).index_select(0, from_));
      const at::Tensor latest = qkv.narrow(0, 0, rows);
      of_rows.scatter_(1, last_.expand({rows, 1, 2 * width}), latest.slice(1, width).unsqueeze(1));
      y.push_back(attend_rows(latest.slice(1, 0, width), of_rows));
    }
    if (joining_.prefixes > 0) {
      const Joining& j = joining_;
      const at::Tensor prefix =
          qkv.narrow(0, rows, j.prefixes * j.positions).view({j.prefixes, j.positions, -1});
      now.narrow(0, rows, j.prefixes).narrow(1, 0, j.positions).copy_(prefix.slice(2, width));
      y.push_back(Ops<at::Tensor>::attention(prefix.slice(2, 0, width), prefix.slice(2, width, 2 * width),
                                             prefix.slice(2, 2 * width), heads_, true)
                      .reshape({-1, width}));
    }
    past_[static_cast<std::size_t>(layer)] = now;
    return at::cat(y, 0);
  }

 private:
  /// Each row's newest position to all of its own. q [R, width], past [R, T, 2 width] -> [R, width]
  at::Tensor attend_rows(const at::Tensor& q, const at::Tensor& past) const {
    const std::int64_t width = q.size(1);
    const auto split = [&](const at::Tensor& t) {  // [R, T, width] -> [R, heads, T, 64]
      return t.reshape({t.size(0), t.size(1), heads_, width / heads_}).transpose(1, 2);
    };
    return at::scaled_dot_product_attention(split(q.unsqueeze(1)), split(past.slice(2, 0, width)),
                                            split(past.slice(2, width)), mask_)
        .reshape({-1, width});  // [R, heads, 1, 64] -> [R, width]
  }

  std::int64_t heads_;
  at::Device device_;
  std::vector<at::Tensor> past_;       // [L] of [R, T, 2 width]: keys, values; zeros behind a row's last
  std::vector<std::int64_t> lengths_;  // of the rows
  // of the pass:
  std::int64_t rows_ = 0;  // R, that go on
  at::Tensor from_;        // [R], their parents
  Joining joining_;
  std::int64_t most_ = 0;  // T, positions of the longest row
  at::Tensor last_;        // [R, 1, 1], where each of them has its newest position
  at::Tensor mask_;        // [R, 1, 1, T], the positions that it has
};

}  // namespace

template <>
std::unique_ptr<Cache<at::Tensor>> make_cache(const CacheShape& shape, const TorchCompute& compute) {
  return std::make_unique<GatheredCache>(shape, compute.device);
}

}  // namespace caption
