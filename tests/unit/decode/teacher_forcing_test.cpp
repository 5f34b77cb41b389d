#include "decode/teacher_forcing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "caption/error.h"
#include "table_model.h"

namespace caption {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

/// Two images, two positions, vocabulary of 3; logits that differ everywhere.
TableModel two_images() {
  std::vector<float> values;
  for (int i = 0; i < 2 * 2 * 3 * 3; ++i) values.push_back(static_cast<float>(i * 7 % 11) / 2);
  return {2, 2, 3, values};
}

double log_softmax(const std::vector<float>& logits, std::size_t token) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  return static_cast<double>(logits[token]) - std::log(sum);
}

TEST(TeacherForcing, ShowsEveryDistributionAlongTheGivenTokens) {
  TableModel model = two_images();
  const std::vector<std::int32_t> tokens = {2, 0, 1};
  std::vector<std::pair<std::size_t, std::size_t>> seen;
  teacher_force(model, 2, tokens, 1.0, [&](std::size_t row, std::size_t position, const NextToken& next) {
    seen.emplace_back(position, row);
    const std::size_t previous = position == 0 ? 0 : static_cast<std::size_t>(tokens[position - 1]);
    for (std::size_t token = 0; token < 3; ++token) {
      EXPECT_NEAR(next.log_probability(static_cast<std::int32_t>(token)),
                  log_softmax(model.at(row, position, previous), token), 1e-5);
    }
  });
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(seen, (Pairs{{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}}));
  EXPECT_EQ(model.rows_per_step, (std::vector<std::size_t>{2, 2}));  // the last token needs no step
}

TEST(TeacherForcing, AppliesTheTemperature) {
  TableModel model = constant_model({{0, 2, 4}});
  teacher_force(model, 1, std::vector<std::int32_t>{1}, 2.0,
                [](std::size_t, std::size_t, const NextToken& next) {
                  EXPECT_NEAR(next.log_probability(1), log_softmax({0, 1, 2}, 1), 1e-5);
                });
}

TEST(TeacherForcing, RefusesTokensOutsideTheVocabulary) {
  for (const std::vector<std::int32_t>& tokens : {std::vector<std::int32_t>{3}, {0, -1}, {0, 1, 9}}) {
    TableModel model = two_images();
    EXPECT_THROW(teacher_force(model, 2, tokens, 1.0, [](std::size_t, std::size_t, const NextToken&) {}),
                 Error);
  }
}

TEST(NextToken, RanksInTheOrderOfTheLikeliest) {
  const std::vector<float> logits = {1, 5, 3, 5, kNever, 3};
  NextToken next(1.0);
  next.load(logits);
  std::vector<Candidate> likeliest;
  next.top_k(logits.size(), likeliest);
  ASSERT_EQ(likeliest.size(), 5U);
  for (std::size_t place = 0; place < likeliest.size(); ++place) {
    EXPECT_EQ(next.rank(likeliest[place].token), place + 1);
  }
  EXPECT_EQ(next.rank(4), 6U);
}

}  // namespace
}  // namespace caption
