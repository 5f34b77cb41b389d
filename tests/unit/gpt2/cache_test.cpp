#include "gpt2/cache.h"

#include <gtest/gtest.h>

#include <vector>

#include "aten.h"
#include "layers/cpu.h"

namespace caption {
namespace {

struct Pass {
  std::vector<std::int32_t> parents;
  Joining joining;
};

constexpr CacheShape kShape{2, 3};
constexpr std::int64_t kRowWidth = kShape.heads * 64;

/// What each row has seen so far, in one layer, spelled out: every row has keys and values of its own.
class PlainCache {
 public:
  void begin_pass(const Pass& pass) {
    std::vector<at::Tensor> rows;
    for (const std::int32_t parent : pass.parents) rows.push_back(rows_[static_cast<std::size_t>(parent)]);
    lengths_.assign(rows.size(), 1);
    rows.resize(rows.size() + static_cast<std::size_t>(pass.joining.prefixes), at::empty({0, 2 * kRowWidth}));
    lengths_.resize(rows.size(), pass.joining.positions);
    rows_ = rows;
  }

  /// qkv [N, 3 width] -> [N, width]
  at::Tensor attend(const at::Tensor& qkv) {
    std::vector<at::Tensor> all;
    std::int64_t next = 0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::int64_t i = 0; i < lengths_[r]; ++i, ++next) {
        rows_[r] = at::cat({rows_[r], qkv.slice(0, next, next + 1).slice(1, kRowWidth)}, 0);
        all.push_back(at::scaled_dot_product_attention(heads(qkv[next].slice(0, 0, kRowWidth).unsqueeze(0)),
                                                       heads(rows_[r].slice(1, 0, kRowWidth)),
                                                       heads(rows_[r].slice(1, kRowWidth)))
                          .reshape({1, kRowWidth}));
      }
    }
    return at::cat(all, 0);
  }

 private:
  /// [T, width] -> [1, heads, T, 64]
  static at::Tensor heads(const at::Tensor& x) {
    return x.reshape({1, x.size(0), kShape.heads, 64}).transpose(1, 2);
  }

  std::vector<at::Tensor> rows_;  // of [T, 2 width]
  std::vector<std::int64_t> lengths_;
};

TEST(Cache, RowsAttendToTheirOwnPast) {
  at::manual_seed(6);
  const auto shared = make_cache<Tensor>(kShape, {});
  std::vector<PlainCache> plain(static_cast<std::size_t>(kShape.layers));
  // Rows multiply, change places and end; prefixes join at the start, in between and after all have left.
  const std::vector<Pass> passes = {
      {{}, {2, 7}}, {{1, 0, 0, 1, 1}, {}}, {{4, 0, 2}, {3, 4}}, {{2, 2, 5, 0, 4, 0}, {}}, {{5, 2}, {1, 1}},
      {{2}, {}},    {{}, {2, 3}},          {{0, 1, 1}, {}}};
  for (const Pass& pass : passes) {
    shared->begin_pass(pass.parents, pass.joining);
    const auto rows = static_cast<std::int64_t>(pass.parents.size());
    for (std::int64_t layer = 0; layer < kShape.layers; ++layer) {
      const at::Tensor qkv =
          at::randn({rows + pass.joining.prefixes * pass.joining.positions, 3 * kRowWidth});
      PlainCache& expected = plain[static_cast<std::size_t>(layer)];
      expected.begin_pass(pass);
      const at::Tensor found = to_aten(shared->attend(layer, from_aten(qkv)));
      ASSERT_EQ(found.sizes(), (Shape{qkv.size(0), kRowWidth}));
      EXPECT_LT(largest_difference(found, expected.attend(qkv)), 3e-6);
    }
  }
}

}  // namespace
}  // namespace caption
