#include "embeddings/similarity.h"

#include <gtest/gtest.h>

#include <vector>

#include "caption/error.h"

namespace caption {
namespace {

using Row = std::vector<float>;

TEST(Cosine, DependsOnDirectionsAlone) {
  EXPECT_DOUBLE_EQ(cosine(Row{3, 4}, Row{30, 40}), 1);
  EXPECT_DOUBLE_EQ(cosine(Row{3, 4}, Row{-3, -4}), -1);
  EXPECT_DOUBLE_EQ(cosine(Row{1, 0}, Row{0, 5}), 0);
  EXPECT_DOUBLE_EQ(cosine(Row{1, 0}, Row{3, 4}), 0.6);
  EXPECT_DOUBLE_EQ(cosine(Row{1e20F, 0}, Row{3e20F, 4e20F}), 0.6);  // whose squares no float holds
}

TEST(Cosine, OfZerosIsZero) {
  EXPECT_EQ(cosine(Row{0, 0}, Row{1, 2}), 0);
}

TEST(Cosine, OfOtherWidthsIsADefect) {
  EXPECT_THROW(cosine(Row{1, 2, 3}, Row{1, 2}), Error);
}

}  // namespace
}  // namespace caption
