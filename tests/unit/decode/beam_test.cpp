#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "caption/error.h"
#include "table_model.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

DecodeOptions beams(int beam, int max_tokens) {
  DecodeOptions options;
  options.beam = options.n_best = beam;
  options.max_tokens = max_tokens;
  return options;
}

/// Logits whose softmax is these probabilities.
std::vector<float> logs(std::vector<float> probabilities) {
  for (float& p : probabilities) p = std::log(p);
  return probabilities;
}

std::vector<Ids> tokens(const std::vector<Hypothesis>& hypotheses) {
  std::vector<Ids> result;
  for (const Hypothesis& hypothesis : hypotheses) result.push_back(hypothesis.tokens);
  return result;
}

TEST(Beam, EqualLogitsGoToTheLowerToken) {
  auto model = constant_model({{1, 1, 1, 1}});
  EXPECT_EQ(tokens(search(model, {3}, beams(3, 1))[0]), (std::vector<Ids>{{0}, {1}, {2}}));
}

TEST(Beam, EqualSumsGoToTheEarlierBeam) {
  auto model = constant_model({{1, 1, 1}});
  EXPECT_EQ(tokens(search(model, {2}, beams(3, 2))[0]), (std::vector<Ids>{{0, 0}, {0, 1}, {0, 2}}));
}

TEST(Beam, AStoppedBeamCompetesAsItselfAndIsNotRun) {
  // Token 0 stops with probability 0.5; after 1, nothing is likely enough to overtake it.
  const auto first = logs({0.5F, 0.3F, 0.2F});
  const auto later = logs({0.1F, 0.45F, 0.45F});
  auto model = one_image_model({{first, first, first}, {later, later, later}, {later, later, later}});
  const auto result = search(model, {0}, beams(3, 3))[0];
  EXPECT_EQ(result[0].tokens, (Ids{0}));
  EXPECT_NEAR(result[0].score, std::log(0.5), 1e-6);
  EXPECT_EQ(result[1].tokens, (Ids{1, 1, 1}));
  EXPECT_EQ(result[2].tokens, (Ids{1, 1, 2}));
  EXPECT_EQ(model.rows_per_step, (std::vector<std::size_t>{2, 2}));
}

TEST(Beam, AStoppedBeamCanBeOvertaken) {
  // 1 then 2 has the mean log(0.4 * 0.99) / 2, better than that of 0 alone, log(0.6).
  const auto first = logs({0.6F, 0.4F, 1e-9F});
  const auto later = logs({0.005F, 0.005F, 0.99F});
  auto model = one_image_model({{first, first, first}, {later, later, later}});
  EXPECT_EQ(tokens(search(model, {0}, beams(2, 2))[0]), (std::vector<Ids>{{1, 2}, {0}}));
}

TEST(Beam, AllMayStopAtOnceOnTheFirstToken) {
  auto model = constant_model({{9, 0, 0}, {9, 0, 0}});
  DecodeOptions options = beams(1, 67);
  const auto results = search(model, {0}, options);
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) EXPECT_EQ(tokens(result), (std::vector<Ids>{{0}}));
  EXPECT_TRUE(model.rows_per_step.empty());
}

TEST(Beam, AllMayStopAtOnceLater) {
  const std::vector<float> open = {-kInfinity, 1, 1};
  const std::vector<float> stop = {0, -kInfinity, -kInfinity};
  auto model = one_image_model({{open, open, open}, {stop, stop, stop}, {open, open, open}});
  EXPECT_EQ(tokens(search(model, {0}, beams(2, 67))[0]), (std::vector<Ids>{{1, 0}, {2, 0}}));
  EXPECT_EQ(model.rows_per_step, (std::vector<std::size_t>{2}));
}

TEST(Beam, EndsAtTheMaximumOfTokens) {
  auto model = constant_model({{0, 5, 4}});
  for (const int most : {1, 2, 67}) {
    model.rows_per_step.clear();
    const auto result = search(model, {0}, beams(1, most))[0];
    EXPECT_EQ(result[0].tokens, Ids(static_cast<std::size_t>(most), 1));
    EXPECT_EQ(model.rows_per_step.size(), static_cast<std::size_t>(most - 1));
  }
}

TEST(Beam, MayBeWiderThanTheVocabulary) {
  auto model = constant_model({{1, 3, 2}});
  EXPECT_EQ(tokens(search(model, {0}, beams(10, 1))[0]), (std::vector<Ids>{{1}, {2}, {0}}));
  EXPECT_EQ(search(model, {0}, beams(10, 2))[0].size(), 7U);  // "0" and two by three continuations
  EXPECT_EQ(search(model, {0}, beams(10, 3))[0].size(), 10U);
}

TEST(Beam, ReturnsFewerWhereTokensCannotCome) {
  auto model = constant_model({{-kInfinity, 1, -kInfinity}});
  const auto result = search(model, {0}, beams(3, 4))[0];
  EXPECT_EQ(tokens(result), (std::vector<Ids>{{1, 1, 1, 1}}));
  EXPECT_EQ(result[0].score, 0);
}

TEST(Beam, ReturnsTheBestNOfWhatTheWholeBeamFinds) {
  auto model = constant_model({{1, 3, 2, 2.5F}});
  DecodeOptions options = beams(4, 5);
  const auto all = search(model, {0}, options)[0];
  options.n_best = 2;
  EXPECT_EQ(search(model, {0}, options)[0], (std::vector<Hypothesis>{all[0], all[1]}));
}

TEST(Beam, ImagesThatAreDoneLeaveTheBatch) {
  auto model = constant_model({{9, 0, 1}, {-9, 2, 1}, {9, 0, 1}});
  const auto results = search(model, {0}, beams(1, 4));
  EXPECT_EQ(results[0][0].tokens, (Ids{0}));
  EXPECT_EQ(results[1][0].tokens, (Ids{1, 1, 1, 1}));
  EXPECT_EQ(results[2][0].tokens, (Ids{0}));
  EXPECT_EQ(model.rows_per_step, (std::vector<std::size_t>{1, 1, 1}));
}

TEST(Beam, LengthPenaltyMovesTheRanking) {
  // "0" has the sum log(0.5), "1 0" log(0.45): the longer one wins by its mean, the shorter by its sum.
  const auto first = logs({0.5F, 0.45F, 0.05F});
  const auto later = logs({1 - 2e-6F, 1e-6F, 1e-6F});
  auto model = one_image_model({{first, first, first}, {later, later, later}});
  DecodeOptions options = beams(2, 2);
  EXPECT_EQ(tokens(search(model, {0}, options)[0]), (std::vector<Ids>{{1, 0}, {0}}));
  options.length_penalty = 0;
  const auto by_sum = search(model, {0}, options)[0];
  EXPECT_EQ(tokens(by_sum), (std::vector<Ids>{{0}, {1, 0}}));
  EXPECT_NEAR(by_sum[1].score, std::log(0.45), 1e-5);
  options.length_penalty = 0.1;  // 2^0.1 = 1.07: not enough for log(0.45) / log(0.5) = 1.15
  EXPECT_EQ(search(model, {0}, options)[0][0].tokens, (Ids{0}));
  options.length_penalty = 0.3;  // 2^0.3 = 1.23
  EXPECT_EQ(search(model, {0}, options)[0][0].tokens, (Ids{1, 0}));
}

TEST(Beam, NoImagesGiveNoResults) {
  TableModel model(0, 1, 5, {});
  EXPECT_TRUE(search(model, {3}, beams(2, 4)).empty());
}

/// Answers with rows of the wrong number or size.
class BrokenModel : public StepFunction {
 public:
  BrokenModel(std::size_t rows, std::size_t vocabulary, std::size_t values)
      : rows_(rows), vocabulary_(vocabulary), values_(values) {}
  Logits step(std::span<const std::int32_t>, std::span<const std::int32_t>, std::size_t joining) override {
    if (joining > 0) return {std::span(logits_).first(4), 2, 2};
    return {std::span(logits_).first(values_), rows_, vocabulary_};
  }

 private:
  std::vector<float> logits_ = std::vector<float>(16, 1.0F);
  std::size_t rows_, vocabulary_, values_;
};

TEST(Search, RefusesAnAnswerOfTheWrongShape) {
  const auto message = [](BrokenModel model) -> std::string {
    try {
      search(model, 2, {1}, beams(1, 3));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({3, 2, 6}), "a decoding step returned logits [3, 2], expected [2, 2]");
  EXPECT_EQ(message({2, 4, 8}), "a decoding step returned logits [2, 4], expected [2, 2]");
  EXPECT_EQ(message({2, 2, 5}), "logits of 5 values cannot be [2, 2]");
}

TEST(Search, RefusesAStopTokenOutsideTheVocabulary) {
  auto model = constant_model({{1, 2, 3}});
  for (const std::int32_t stop : {-1, 3}) {
    try {
      search(model, {stop}, beams(1, 3));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::model);
      EXPECT_EQ(error.what(),
                "the stop token " + std::to_string(stop) + " is not in the vocabulary of 3 tokens");
    }
  }
}

TEST(Search, WithoutAStopTokenEverySequenceHasTheMaximumOfTokens) {
  auto model = constant_model({{1, 2, 3}, {3, 2, 1}});
  DecodeOptions options = beams(3, 5);
  for (const bool sample : {false, true}) {
    options.sample = sample;
    for (const auto& of_image : search(model, {std::nullopt}, options)) {
      ASSERT_EQ(of_image.size(), 3U);
      for (const Hypothesis& hypothesis : of_image) EXPECT_EQ(hypothesis.tokens.size(), 5U);
    }
  }
}

TEST(Search, NeedsAMaximumOfTokens) {
  auto model = constant_model({{1, 2, 3}});
  EXPECT_THROW(search(model, {0}, beams(1, 0)), Error);
}

TEST(Search, ReportsLogitsThatAreNoNumbers) {
  auto model = constant_model({{1, NAN, 3}});
  EXPECT_THROW(search(model, {0}, beams(2, 3)), Error);
  DecodeOptions options = beams(1, 3);
  options.sample = true;
  EXPECT_THROW(search(model, {0}, options), Error);
}

}  // namespace
}  // namespace caption
