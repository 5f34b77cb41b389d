#include "layers/cpu.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/work.h"

namespace caption {
namespace {

using kernels::kColumn;
using kernels::kPanel;

/// Rows of a block, as fp32 panels take them.
constexpr std::int64_t kBlockRows = 6;

/// One head of one image: [T, d] inside a [B, T, width] tensor.
struct Head {
  const float* data;
  std::int64_t stride;  // from position to position
};

Head head_of(const Tensor& x, std::int64_t image, std::int64_t head, std::int64_t dim) {
  return {x.data() + image * x.stride(0) + head * dim, x.stride(1)};
}

/// Attention of one head as two products of the matrix kernel: scores = q K^T and y = softmax(scores) V.
class HeadAttention {
 public:
  HeadAttention(std::int64_t queries, std::int64_t keys, std::int64_t dim, bool causal)
      : queries_(queries),
        keys_(keys),
        dim_(dim),
        causal_(causal),
        key_panels_((keys + kPanel - 1) / kPanel),
        value_panels_((dim + kPanel - 1) / kPanel),
        packed_keys_(static_cast<std::size_t>(key_panels_ * dim * kPanel)),
        packed_values_(static_cast<std::size_t>(value_panels_ * keys * kPanel)),
        scores_(static_cast<std::size_t>(kBlockRows * key_panels_ * kPanel)) {}

  void operator()(const Head& q, const Head& k, const Head& v, float* y, std::int64_t y_stride) {
    pack(k, v);
    for (std::int64_t row = 0; row < queries_; row += kBlockRows) {
      const std::int64_t rows = std::min(kBlockRows, queries_ - row);
      score(q.data + row * q.stride, q.stride, row, rows);
      for (std::int64_t panel = 0; panel < value_panels_; ++panel) {
        float sums[kBlockRows * kPanel] = {};
        multiply(packed_values_, panel, keys_, scores_.data(), key_panels_ * kPanel, rows, sums);
        const std::int64_t first = panel * kPanel;
        for (std::int64_t r = 0; r < rows; ++r) {
          std::copy_n(sums + r * kPanel, std::min(kPanel, dim_ - first), y + (row + r) * y_stride + first);
        }
      }
    }
  }

 private:
  /// Keys to panels of 64 keys with a step for each of dim, values to panels of 64 of dim with a step for
  /// each key, both in columns of 16; padding stays zero.
  void pack(const Head& k, const Head& v) {
    for (std::int64_t t = 0; t < keys_; ++t) {
      float* key = &packed_keys_[static_cast<std::size_t>(t / kColumn * dim_ * kColumn + t % kColumn)];
      for (std::int64_t i = 0; i < dim_; ++i) key[i * kColumn] = k.data[t * k.stride + i];
      for (std::int64_t i = 0; i < dim_; i += kColumn) {
        std::copy_n(v.data + t * v.stride + i, std::min(kColumn, dim_ - i),
                    &packed_values_[static_cast<std::size_t>((i / kColumn * keys_ + t) * kColumn)]);
      }
    }
  }

  /// sums [rows][64] += x [rows][steps] times one of the panels
  void multiply(const std::vector<float>& panels, std::int64_t panel, std::int64_t steps, const float* x,
                std::int64_t x_stride, std::int64_t rows, float* sums) const {
    const float* const words = &panels[static_cast<std::size_t>(panel * steps * kPanel)];
    kernel_.panel_fp32.run({words, steps * kColumn, steps, words}, x, x_stride, rows, sums);
  }

  /// Fills scores_ [rows][keys, padded] with the weights of each key.
  void score(const float* q, std::int64_t q_stride, std::int64_t first_row, std::int64_t rows) {
    const std::int64_t padded = key_panels_ * kPanel;
    for (std::int64_t panel = 0; panel < key_panels_; ++panel) {
      float sums[kBlockRows * kPanel] = {};
      multiply(packed_keys_, panel, dim_, q, q_stride, rows, sums);
      for (std::int64_t r = 0; r < rows; ++r) {
        std::copy_n(sums + r * kPanel, kPanel,
                    &scores_[static_cast<std::size_t>(r * padded + panel * kPanel)]);
      }
    }
    const float scale = 1.0F / std::sqrt(static_cast<float>(dim_));
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t count = causal_ ? first_row + r + 1 : keys_;
      kernel_.softmax(&scores_[static_cast<std::size_t>(r * padded)], count, padded, scale);
    }
  }

  const kernels::Kernels& kernel_ = kernels::active();
  std::int64_t queries_;
  std::int64_t keys_;
  std::int64_t dim_;
  bool causal_;
  std::int64_t key_panels_;
  std::int64_t value_panels_;
  std::vector<float> packed_keys_;    // [key_panels][4][dim][16]
  std::vector<float> packed_values_;  // [value_panels][4][keys][16]
  std::vector<float> scores_;         // [kBlockRows][key_panels * 64]
};

}  // namespace

Tensor Ops<Tensor>::attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
                              bool causal) {
  const bool fits = q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(0) == k.size(0) &&
                    q.size(2) == k.size(2) && heads > 0 && q.size(2) % heads == 0 && k.size(1) > 0 &&
                    (!causal || q.size(1) == k.size(1));
  if (!fits) {
    throw Error(ErrorKind::internal, "attention of " + std::to_string(heads) +
                                         " heads: unexpected shapes q " + to_string(q.sizes()) + ", k " +
                                         to_string(k.sizes()) + ", v " + to_string(v.sizes()));
  }

  const auto with_whole_rows = [](const Tensor& x) { return x.stride(2) == 1 ? x : x.contiguous(); };
  const Tensor queries = with_whole_rows(q);
  const Tensor keys = with_whole_rows(k);
  const Tensor values = with_whole_rows(v);
  const std::int64_t width = q.size(2);
  const std::int64_t dim = width / heads;
  const std::int64_t pairs = causal ? q.size(1) * (q.size(1) + 1) / 2 : q.size(1) * k.size(1);
  count_work(Arithmetic::fp32, 4 * q.size(0) * pairs * width, 0);
  Tensor y = Tensor::empty({q.size(0), q.size(1), width});
  float* const to = y.mutable_data();
  parallel_for(static_cast<std::size_t>(q.size(0) * heads), [&](std::size_t begin, std::size_t end) {
    HeadAttention attend(q.size(1), k.size(1), dim, causal);
    for (auto task = static_cast<std::int64_t>(begin); task < static_cast<std::int64_t>(end); ++task) {
      const std::int64_t image = task / heads;
      const std::int64_t head = task % heads;
      attend(head_of(queries, image, head, dim), head_of(keys, image, head, dim),
             head_of(values, image, head, dim), to + image * y.stride(0) + head * dim, width);
    }
  });
  return y;
}

}  // namespace caption
