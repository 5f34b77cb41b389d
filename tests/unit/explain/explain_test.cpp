#include "explain/explain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "explain/occlusion.h"

namespace caption {
namespace {

/// Tokens 0..3 are "one", " two", "s" and ".".
class FourTokens : public Tokenizer {
 public:
  std::int32_t size() const override { return 4; }
  std::vector<std::int32_t> encode(std::string_view) const override { return {}; }
  std::string decode(std::span<const std::int32_t>) const override { return {}; }
  Piece piece(std::int32_t id) const override {
    static const char* const kPieces[] = {"one", " two", "s", "."};
    return {kPieces[id], false};
  }
};

/// A model whose token 0 wants a bright top left corner of the picture, and whose token 1 a dark bottom right
/// one; all others cannot see.
class CornerModel : public StepFunction {
 public:
  explicit CornerModel(std::span<const Pixels> images) {
    for (const Pixels& image : images) {
      logits_.insert(logits_.end(), {image.values.front() * 2, -image.values.back(), 0.5F, 0.25F});
    }
  }
  Logits step(std::span<const std::int32_t> tokens, std::span<const std::int32_t> parents,
              std::size_t joining) override {
    for (std::size_t r = 0; r < parents.size(); ++r) EXPECT_EQ(parents[r], static_cast<std::int32_t>(r));
    EXPECT_EQ((tokens.size() + joining) * 4, logits_.size());
    return {logits_, logits_.size() / 4, 4};
  }

 private:
  std::vector<float> logits_;
};

constexpr int kSide = 27;
const std::vector<std::int32_t> kTokens = {0, 1, 2, 3};

Pixels corners() {
  Pixels image{kSide, std::vector<float>(std::size_t{3} * kSide * kSide, 0.5F)};
  image.values.front() = 1.5F;
  image.values.back() = -2.0F;
  return image;
}

double log_probability(float corner0, float corner1, std::size_t token) {
  const double logits[] = {2.0 * static_cast<double>(corner0), -static_cast<double>(corner1), 0.5, 0.25};
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  return logits[token] - std::log(sum);
}

Explanation explain_corners(const ExplainOptions& options, std::vector<std::size_t>* batches = nullptr) {
  const Pixels image = corners();
  const auto start = [&](std::span<const Pixels> versions) {
    if (batches != nullptr) batches->push_back(versions.size());
    return std::make_unique<CornerModel>(versions);
  };
  return explain_caption({image, {"one twos.", kTokens}}, FourTokens(), start, options);
}

TEST(Explain, TokensWithTheirAlternatives) {
  const Explanation explanation = explain_corners({.alternatives = 2, .grid = 3});
  ASSERT_EQ(explanation.tokens.size(), 4U);
  double score = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const ExplainedToken& token = explanation.tokens[i];
    EXPECT_EQ(token.chosen.id, kTokens[i]);
    EXPECT_NEAR(token.chosen.logprob, log_probability(1.5F, -2.0F, i), 1e-5);
    EXPECT_EQ(token.rank, static_cast<int>(i) + 1);  // logits 3, 2, 0.5, 0.25
    score += token.chosen.logprob;
    ASSERT_EQ(token.alternatives.size(), 2U);
    for (const TokenChoice& other : token.alternatives) EXPECT_NE(other.id, kTokens[i]);
    EXPECT_EQ(token.alternatives[0].id, i == 0 ? 1 : 0);
  }
  EXPECT_EQ(explanation.tokens[1].chosen.text, " two");
  EXPECT_DOUBLE_EQ(explanation.caption.score, score);
  EXPECT_DOUBLE_EQ(explanation.caption.mean_logprob, score / 4);
}

TEST(Explain, HeatIsTheLossByHidingWhatTheWordNeeds) {
  const Explanation explanation = explain_corners({.grid = 9});
  ASSERT_EQ(explanation.words.size(), 3U);
  EXPECT_EQ(explanation.words[0].text, "one");
  EXPECT_EQ(explanation.words[1].text, "twos");
  EXPECT_EQ(explanation.words[1].first_token, 1U);
  EXPECT_EQ(explanation.words[1].token_count, 2U);
  EXPECT_EQ(explanation.words[2].text, ".");
  const auto drop = [](float corner0, float corner1, std::initializer_list<std::size_t> tokens) {
    double sum = 0;
    for (const std::size_t token : tokens)
      sum += log_probability(1.5F, -2.0F, token) - log_probability(corner0, corner1, token);
    return sum;
  };
  // A hidden corner gets the value around it.
  const OcclusionGrid grid = make_occlusion_grid(9, kSide);
  for (std::size_t cell = 0; cell < 81; ++cell) {
    const HiddenSquare square = grid.square(static_cast<int>(cell / 9), static_cast<int>(cell % 9));
    const float first = square.left == 0 && square.top == 0 ? 0.5F : 1.5F;
    const float last = square.right == kSide && square.bottom == kSide ? 0.5F : -2.0F;
    EXPECT_NEAR(explanation.words[0].heat.at(cell), drop(first, last, {0}), 1e-5) << cell;
    EXPECT_NEAR(explanation.words[1].heat.at(cell), drop(first, last, {1, 2}), 1e-5) << cell;
    EXPECT_NEAR(explanation.words[2].heat.at(cell), drop(first, last, {3}), 1e-5) << cell;
  }
  EXPECT_GT(explanation.words[0].heat[0], 1);
  EXPECT_EQ(explanation.words[0].heat[40], 0);
  EXPECT_LT(explanation.words[0].heat[80], 0);  // what speaks for the other word speaks against this one
}

TEST(Explain, BatchesAreBoundedAndChangeNothing) {
  const Explanation whole = explain_corners({.grid = 5, .batch = 100});
  for (const int batch : {1, 7, 25}) {
    std::vector<std::size_t> batches;
    const Explanation parts = explain_corners({.grid = 5, .batch = batch}, &batches);
    EXPECT_EQ(*std::max_element(batches.begin(), batches.end()), static_cast<std::size_t>(batch));
    EXPECT_EQ(std::accumulate(batches.begin(), batches.end(), std::size_t{0}), 26U);  // and the whole picture
    for (std::size_t w = 0; w < whole.words.size(); ++w) EXPECT_EQ(parts.words[w].heat, whole.words[w].heat);
  }
}

TEST(Explain, RefusesWhatIsOutOfBounds) {
  for (const ExplainOptions& options :
       {ExplainOptions{.grid = -1}, ExplainOptions{.grid = 33}, ExplainOptions{.alternatives = -1},
        ExplainOptions{.batch = 0}, ExplainOptions{.grid = 28}}) {
    try {
      explain_corners(options);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  }
}

TEST(Occlusion, TheDefaultGridGoesWithTheResolution) {
  EXPECT_EQ(make_occlusion_grid(0, 64).cells, 7);
  EXPECT_EQ(make_occlusion_grid(0, 224).cells, 7);
  EXPECT_EQ(make_occlusion_grid(0, 288).cells, 9);
  EXPECT_EQ(make_occlusion_grid(0, 448).cells, 12);
  EXPECT_EQ(make_occlusion_grid(5, 224).cells, 5);
}

TEST(Occlusion, SquaresCoverThePictureAndStayInside) {
  for (const int resolution : {7, 48, 224, 288}) {
    for (const int cells : {1, 2, 7}) {
      const OcclusionGrid grid = make_occlusion_grid(cells, resolution);
      std::vector<int> hidden(static_cast<std::size_t>(resolution), 0);
      for (int i = 0; i < cells; ++i) {
        const HiddenSquare square = grid.square(cells - 1 - i, i);
        EXPECT_GE(std::min(square.left, square.top), 0);
        EXPECT_LE(std::max(square.right, square.bottom), resolution);
        EXPECT_LT(square.left, square.right);
        for (int x = square.left; x < square.right; ++x) ++hidden[static_cast<std::size_t>(x)];
        // The grid is the same across and down.
        const HiddenSquare other = grid.square(i, cells - 1 - i);
        EXPECT_EQ(square.left, other.top);
        EXPECT_EQ(square.bottom, other.right);
      }
      EXPECT_GE(*std::min_element(hidden.begin(), hidden.end()), 1) << resolution << " in " << cells;
    }
  }
}

TEST(Occlusion, HidesASquareBehindWhatIsAtItsEdges) {
  Pixels image{5, std::vector<float>(75)};
  std::iota(image.values.begin(), image.values.end(), 1.0F);
  const Pixels hidden = hide(image, {1, 2, 4, 5});  // reaches the bottom
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const auto at = [&](std::size_t x, std::size_t y) {
      return static_cast<double>(image.values[(channel * 5 + y) * 5 + x]);
    };
    for (std::size_t y = 0; y < 5; ++y) {
      for (std::size_t x = 0; x < 5; ++x) {
        double expected = at(x, y);
        if (x >= 1 && x < 4 && y >= 2) {
          const double up = 1.0 / static_cast<double>((y - 1) * (y - 1));
          const double left = 1.0 / static_cast<double>(x * x);
          const double right = 1.0 / static_cast<double>((4 - x) * (4 - x));
          expected = (up * at(x, 1) + left * at(0, y) + right * at(4, y)) / (up + left + right);
        }
        EXPECT_FLOAT_EQ(hidden.values[(channel * 5 + y) * 5 + x], static_cast<float>(expected))
            << x << " " << y;
      }
    }
  }
}

TEST(Occlusion, AWholePictureBecomesTheMeanColour) {
  const Pixels image{3, std::vector<float>(27, 1.0F)};
  EXPECT_EQ(hide(image, make_occlusion_grid(1, 3).square(0, 0)).values, std::vector<float>(27, 0.0F));
}

}  // namespace
}  // namespace caption
