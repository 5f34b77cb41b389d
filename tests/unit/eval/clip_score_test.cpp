#include "eval/clip_score.h"

#include <gtest/gtest.h>

namespace caption::eval {
namespace {

TEST(ClipScore, IsTwoAndAHalfTimesTheCosineAboveZero) {
  EXPECT_DOUBLE_EQ(clip_score(0.3), 0.75);
  EXPECT_EQ(clip_score(-0.3), 0);
}

TEST(RefClipScore, IsTheHarmonicMeanWithTheNearestReference) {
  EXPECT_DOUBLE_EQ(ref_clip_score(0.3, 0.75), 0.75);
  EXPECT_DOUBLE_EQ(ref_clip_score(0.2, 1), 2 * 0.5 / 1.5);
  EXPECT_EQ(ref_clip_score(0.3, -0.1), 0);
  EXPECT_EQ(ref_clip_score(-0.3, 0.9), 0);
  EXPECT_EQ(ref_clip_score(-1, -1), 0);
}

}  // namespace
}  // namespace caption::eval
