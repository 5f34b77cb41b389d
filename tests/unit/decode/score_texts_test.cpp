#include "decode/score_texts.h"

#include <gtest/gtest.h>

#include <random>

#include "caption/error.h"
#include "decode/teacher_forcing.h"
#include "table_model.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

TableModel random_model() {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> values(4 * 6 * 6);
  for (float& value : values) value = normal(random);
  return {1, 4, 6, values};
}

TEST(ScoreTexts, AreTheScoresOfEachAlone) {
  TableModel model = random_model();
  const std::vector<Ids> texts = {{3}, {1, 2, 3, 4}, {1, 2}, {5, 0, 5}, {1, 2, 3, 4}};
  const auto scores = score_texts(model, texts);
  EXPECT_EQ(model.rows_per_step, (std::vector<std::size_t>{4, 3, 2}));  // a text's last token is not run
  ASSERT_EQ(scores.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    model.reset();
    std::vector<float> alone;
    teacher_force(model, 1, texts[i], 1, [&](std::size_t, std::size_t position, const NextToken& next) {
      alone.push_back(next.log_probability(texts[i][position]));
    });
    EXPECT_EQ(scores[i], alone) << "text " << i;
  }
}

TEST(ScoreTexts, ATokenOutsideTheVocabularyIsNamed) {
  TableModel model = random_model();
  try {
    score_texts(model, {{1}, {2, 6}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "a text has token 6, but the model's vocabulary ends at 6");
  }
}

}  // namespace
}  // namespace caption
