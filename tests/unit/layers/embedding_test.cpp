#include <gtest/gtest.h>

#include <vector>

#include "on_aten.h"

namespace caption {
namespace {

TEST(TokenEmbedding, IsTheTokensRowPlusThePositions) {
  const at::Tensor positions = at::randn({6, 48});
  const std::vector<std::int32_t> tokens = {9, 0, 9, 4};
  const std::vector<std::int64_t> places = {5, 0, 2, 2};
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    const at::Tensor table = at::randn({10, 48}).to(type);
    // As it lies in a file, or transposed there.
    for (const at::Tensor& stored : {table, table.t().contiguous().t()}) {
      const TokenEmbedding<Tensor> embedding(from_aten(stored), from_aten(positions.to(type)), {});
      EXPECT_EQ(embedding.vocabulary(), 10);
      EXPECT_EQ(embedding.width(), 48);
      EXPECT_EQ(embedding.context(), 6);
      const at::Tensor found = to_aten(embedding(tokens, places));
      const at::Tensor rows = table.index_select(0, at::tensor(tokens, at::kLong)).to(at::kFloat);
      const at::Tensor at_places = positions.to(type).index_select(0, at::tensor(places)).to(at::kFloat);
      EXPECT_TRUE(same_bits(found, rows + at_places)) << type;
    }
  }
}

TEST(TokenEmbedding, OfPrefixesBeginsAtPositionZero) {
  const at::Tensor positions = at::randn({6, 48});
  const TokenEmbedding<Tensor> embedding(from_aten(at::randn({10, 48})), from_aten(positions), {});
  const at::Tensor prefixes = at::randn({3, 4, 48});
  const at::Tensor expected = (prefixes + positions.slice(0, 0, 4)).reshape({12, 48});
  EXPECT_TRUE(same_bits(to_aten(embedding.of_prefixes(from_aten(prefixes))), expected));
  const at::Tensor strided = at::randn({3, 6, 48}).slice(1, 1, 5).copy_(prefixes);
  EXPECT_TRUE(same_bits(to_aten(embedding.of_prefixes(from_aten(strided))), expected));
}

TEST(Normalised, RowsHaveLengthOne) {
  const at::Tensor x = at::randn({5, 640}) * 30;
  const at::Tensor found = to_aten(Ops<Tensor>::normalised(from_aten(x)));
  const at::Tensor exact = x.to(at::kDouble);
  EXPECT_LT(largest_difference(found, exact / exact.norm(2, {1}, true)), 1e-7);
  for (std::int64_t r = 0; r < 5; ++r) {
    const at::Tensor row = x.slice(0, r, r + 1);
    EXPECT_TRUE(same_bits(to_aten(Ops<Tensor>::normalised(from_aten(row))), found.slice(0, r, r + 1)));
  }
}

}  // namespace
}  // namespace caption
