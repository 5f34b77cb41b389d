#include "decode/searches.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "table_model.h"

namespace caption {
namespace {

constexpr std::size_t kImages = 12;

/// Random tables in which sequences end after some tokens, some never.
TableModel random_model() {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> values(kImages * 5 * 7 * 7);
  for (float& value : values) value = normal(random);
  return {kImages, 5, 7, values};
}

TEST(Searches, ImagesThatJoinAndLeaveHaveTheResultsOfAllTogether) {
  for (const bool sample : {false, true}) {
    TableModel model = random_model();
    const DecodeOptions options{.beam = 3, .n_best = 2, .max_tokens = 9, .sample = sample, .seed = 4};
    const auto expected = search(model, {0}, options);

    model.reset();
    Searches searches(model, {0}, options);
    std::map<std::size_t, std::vector<Hypothesis>> found;
    std::size_t joined = 0;
    bool replaced = false;  // an image joined after another had left and while a third went on
    for (int pass = 0; found.size() < kImages; ++pass) {
      const std::size_t joining = joined < kImages && searches.running() < 4 && pass % 2 == 0 ? 2 : 0;
      replaced = replaced || (joining > 0 && !found.empty() && searches.running() > 0);
      joined += joining;
      for (Found& one : searches.advance(joining))
        EXPECT_TRUE(found.emplace(one.image, std::move(one.hypotheses)).second);
      ASSERT_EQ(searches.running(), joined - found.size());
    }
    EXPECT_TRUE(replaced);
    for (std::size_t image = 0; image < kImages; ++image) EXPECT_EQ(found[image], expected[image]);
  }
}

/// Images are advanced side by side: the failure of one must come out whole.
TEST(Searches, DamagedLogitsOfOneImageAmongMany) {
  std::vector<float> values(kImages * 5 * 7 * 7, 1.0F);
  values[7 * 5 * 7 * 7 + 3] = std::numeric_limits<float>::quiet_NaN();
  TableModel model{kImages, 5, 7, values};
  Searches searches(model, {0}, {.max_tokens = 4});
  try {
    searches.advance(kImages);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_NE(std::string(error.what()).find("nan as the logit of token 3"), std::string::npos)
        << error.what();
  }
}

TEST(Searches, NothingToDoIsNoPass) {
  TableModel model = random_model();
  Searches searches(model, {0}, {.max_tokens = 2});
  EXPECT_TRUE(searches.advance(0).empty());
  searches.advance(1);
  searches.advance(0);
  EXPECT_EQ(searches.running(), 0U);
  EXPECT_TRUE(searches.advance(0).empty());
}

}  // namespace
}  // namespace caption
