// Required words: the search beside all sequences that there are.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>

#include "caption/error.h"
#include "table_model.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::int32_t kStop = 0;
constexpr std::size_t kVocabulary = 5;
constexpr std::size_t kLongest = 4;

bool contains(const Ids& tokens, const Ids& part) {
  return std::search(tokens.begin(), tokens.end(), part.begin(), part.end()) != tokens.end();
}

bool has_word(const Ids& tokens, const RequiredWord& word) {
  const auto there = [&](const Ids& part) { return contains(tokens, part); };
  const auto begins = [&](const Ids& part) {
    return part.size() <= tokens.size() && std::equal(part.begin(), part.end(), tokens.begin());
  };
  return std::any_of(word.anywhere.begin(), word.anywhere.end(), there) ||
         std::any_of(word.at_start.begin(), word.at_start.end(), begins);
}

bool has_all(const Ids& tokens, const Wording& wording) {
  return std::all_of(wording.required.begin(), wording.required.end(),
                     [&](const RequiredWord& word) { return has_word(tokens, word); });
}

TableModel random_model(std::mt19937& random) {
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> values(kLongest * kVocabulary * kVocabulary);
  for (float& value : values) value = normal(random);
  return {1, kLongest, kVocabulary, values};
}

/// Of one of two pairs of tokens: sequences of two pairs do not overlap.
Ids random_sequence(std::mt19937& random, std::size_t pair) {
  Ids tokens(1 + random() % 2);
  for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(1 + 2 * pair + random() % 2);
  return tokens;
}

Wording random_words(std::mt19937& random) {
  Wording wording;
  wording.required.resize(1 + random() % 2);
  for (std::size_t i = 0; i < wording.required.size(); ++i) {
    RequiredWord& word = wording.required[i];
    word.anywhere = {random_sequence(random, i)};
    if (random() % 2 == 0) word.anywhere.push_back(random_sequence(random, i));
    if (random() % 2 == 0) word.at_start = {random_sequence(random, i)};
  }
  return wording;
}

/// All sequences that end with the stop token, or are as long as they may be, and have the words; best first.
class AllSequences {
 public:
  AllSequences(const TableModel& model, const Wording& wording) : model_(model), wording_(wording) {
    extend({}, 0);
    std::sort(found.begin(), found.end(), [](const Hypothesis& a, const Hypothesis& b) {
      return a.score / static_cast<double>(a.tokens.size()) > b.score / static_cast<double>(b.tokens.size());
    });
  }

  std::vector<Hypothesis> found;

 private:
  void extend(const Ids& tokens, double score) {
    const bool stopped = !tokens.empty() && tokens.back() == kStop;
    if (stopped || tokens.size() == kLongest) {
      if (has_all(tokens, wording_)) found.push_back({tokens, score});
      return;
    }
    const auto logits =
        model_.at(0, tokens.size(), tokens.empty() ? 0 : static_cast<std::size_t>(tokens.back()));
    double sum = 0;
    for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
    for (std::size_t token = 0; token < kVocabulary; ++token) {
      Ids next = tokens;
      next.push_back(static_cast<std::int32_t>(token));
      extend(next, score + static_cast<double>(logits[token]) - std::log(sum));
    }
  }

  const TableModel& model_;
  const Wording& wording_;
};

TEST(RequiredSearch, FindsTheBestOfAllSequencesThatHaveTheWords) {
  std::mt19937 random(3);
  int changed = 0;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    TableModel model = random_model(random);
    const Wording wording = random_words(random);
    const AllSequences all(model, wording);
    ASSERT_FALSE(all.found.empty());
    const DecodeOptions options{.beam = 1000, .n_best = 5, .max_tokens = kLongest};
    const auto found = search(model, 1, {kStop}, options, wording)[0];
    ASSERT_EQ(found.size(), std::min<std::size_t>(5, all.found.size()));
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].tokens, all.found[i].tokens) << i;
      EXPECT_NEAR(found[i].score, all.found[i].score, 1e-4);
    }
    model.reset();
    changed += search(model, 1, {kStop}, options)[0][0].tokens != found[0].tokens ? 1 : 0;
  }
  EXPECT_GT(changed, 30);
}

TEST(RequiredSearch, HasTheWordsHoweverNarrowTheBeam) {
  std::mt19937 random(4);
  int best = 0;
  for (int round = 0; round < 200; ++round) {
    TableModel model = random_model(random);
    const Wording wording = random_words(random);
    const DecodeOptions options{.beam = static_cast<int>(2 + random() % 4), .max_tokens = kLongest};
    const auto found = search(model, 1, {kStop}, options, wording)[0];
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(has_all(found[0].tokens, wording)) << "round " << round;
    best += found[0].tokens == AllSequences(model, wording).found[0].tokens ? 1 : 0;
  }
  EXPECT_GT(best, 120);
}

TEST(RequiredSearch, NothingGoesOnWithARequiredWord) {
  auto model = constant_model({{0, 1, 5, 9}});
  Wording wording;
  wording.required = {{{{2}}, {}}};
  const auto any_goes_on = [&] {
    model.reset();
    const DecodeOptions options{.beam = 6, .n_best = 6, .max_tokens = 3};
    const auto found = search(model, 1, {std::nullopt}, options, wording)[0];
    return std::any_of(found.begin(), found.end(), [](const Hypothesis& one) {
      const auto word = std::find(one.tokens.begin(), one.tokens.end(), 2);
      return word + 1 < one.tokens.end() && *(word + 1) == 3;
    });
  };
  EXPECT_TRUE(any_goes_on());
  wording.joined = std::make_shared<const Ids>(Ids{3});
  EXPECT_FALSE(any_goes_on());
}

TEST(RequiredSearch, AWordAtTheStartIsNoneBehindAPrompt) {
  auto model = constant_model({{0, 1, 2, 9}});
  Wording wording;
  wording.required = {{{{2, 1}}, {{1}}}};
  const DecodeOptions options{.beam = 4, .max_tokens = 3};
  EXPECT_EQ(search(model, 1, {std::nullopt}, options, wording)[0][0].tokens, (Ids{1, 3, 3}));
  wording.prompt = {3};
  model.reset();
  EXPECT_TRUE(contains(search(model, 1, {std::nullopt}, options, wording)[0][0].tokens, {2, 1}));
}

TEST(RequiredSearch, SaysThatTheWordsAreTooLong) {
  auto model = constant_model({{0, 1, 2, 9}});
  Wording wording;
  wording.required = {{{{2, 1}}, {}}, {{{3, 1, 1}}, {}}};
  try {
    search(model, 1, {std::nullopt}, {.beam = 4, .max_tokens = 4}, wording);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(error.what(), "the required words have 5 tokens together: the maximum of tokens is 4");
  }
}

}  // namespace
}  // namespace caption
