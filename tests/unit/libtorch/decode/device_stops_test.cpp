// What ends a sequence on a device: the same as on the CPU.

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "../../decode/tiny_pieces.h"
#include "caption/error.h"
#include "search_by_tensors.h"

namespace caption {
namespace {

constexpr float kNever = std::numeric_limits<float>::infinity();

/// Random logits, of which `impossible` in 8 are tokens that cannot come.
TableModel random_model(std::mt19937& random, std::size_t positions, std::size_t vocabulary,
                        unsigned impossible) {
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> values(4 * positions * vocabulary * vocabulary);
  for (float& value : values) value = random() % 8 < impossible ? -kNever : normal(random);
  for (std::size_t row = 0; row < values.size(); row += vocabulary) values[row + random() % vocabulary] = 3;
  return {4, positions, vocabulary, values};
}

/// A prompt of up to three tokens, and banned sequences of up to three.
Wording random_wording(std::mt19937& random, std::size_t vocabulary) {
  const auto sequence = [&](std::size_t length) {
    std::vector<std::int32_t> tokens(length);
    for (std::int32_t& token : tokens) token = static_cast<std::int32_t>(random() % vocabulary);
    return tokens;
  };
  Wording wording;
  wording.prompt = sequence(random() % 4);
  std::vector<std::vector<std::int32_t>> banned(random() % 4);
  for (auto& one : banned) one = sequence(random() % 4 == 0 ? 1 : 2 + random() % 2);
  if (!banned.empty()) wording.banned = std::make_shared<const BannedSequences>(std::move(banned));
  return wording;
}

/// The error of a search; nothing if there is none, and the results then.
template <typename Search>
std::string error_of(const Search& search, Results& results) {
  try {
    results = search();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
  return "";
}

TEST(DeviceStops, EqualTheCpusForAnyRule) {
  std::mt19937 random(21);
  int by_text = 0;
  int dead_ends = 0;
  for (int round = 0; round < 70; ++round) {
    DecodeOptions options{.beam = static_cast<int>(1 + random() % 6),
                          .max_tokens = static_cast<int>(1 + random() % 20)};
    const std::size_t vocabulary = 3 + random() % 9;
    TableModel model = random_model(random, static_cast<std::size_t>(options.max_tokens), vocabulary,
                                    round % 3 == 0 ? 5 : 0);
    options.n_best = static_cast<int>(1 + random() % static_cast<unsigned>(options.beam));
    options.min_tokens = static_cast<int>(random() % static_cast<unsigned>(options.max_tokens + 1));
    if (round % 4 != 0) options.stop = random_stop_texts(random);
    if (round % 5 > 1) options.no_repeat_ngram = static_cast<int>(1 + random() % 4);
    const auto token =
        random() % 8 == 0 ? std::nullopt : std::optional(static_cast<std::int32_t>(random() % vocabulary));
    if (round % 3 == 1) options.repetition_penalty = round % 2 == 0 ? 0.5 : 1.75;
    const Wording wording = round % 2 == 0 ? Wording() : random_wording(random, vocabulary);
    StopRule stop =
        make_stop_rule(StopRule(token).tokens, options.stop, bytes_of(random_pieces(random, vocabulary)));
    if (stop.texts) stop.first = static_cast<StopTexts::State>(random() % stop.texts->states());
    SCOPED_TRACE("round " + std::to_string(round));
    Results expected;
    Results actual;
    const std::string error = error_of([&] { return search(model, stop, options, wording); }, expected);
    EXPECT_EQ(
        error_of([&] { return search_by_tensors(model, stop, options, 1 + random() % 4, wording); }, actual),
        error);
    if (error.empty()) expect_equal(actual, expected);
    dead_ends += error.empty() ? 0 : 1;
    for (const auto& image : expected) {
      for (const Hypothesis& one : image) {
        const bool full = one.tokens.size() == static_cast<std::size_t>(options.max_tokens);
        by_text += !full && one.tokens.back() != token ? 1 : 0;
      }
    }
  }
  EXPECT_GT(by_text, 50);
  EXPECT_GT(dead_ends, 1);
  EXPECT_LT(dead_ends, 20);
}

/// The kernel that finds the top k is asked for as many more as can be excluded.
TEST(DeviceStops, SayWhichTokensAreExcludedOnlyWhereSomeCanBe) {
  const auto asked = [](const std::optional<std::int32_t>& token, int min_tokens, int ngram) {
    auto table = constant_model({{1, 5, 3, 2, 0}});
    const DecodeOptions options{
        .beam = 2, .max_tokens = 4, .min_tokens = min_tokens, .no_repeat_ngram = ngram};
    TableSlots model(table, 1, options);
    DeviceTask task({token}, options, 1, at::kCPU);
    std::vector<std::int64_t> counts;
    task.top_k = [&](const at::Tensor& logits, const at::Tensor& excluded, std::int64_t count,
                     double temperature) {
      counts.push_back(excluded.defined() ? excluded.size(1) : 0);
      return top_k_by_operators(logits, excluded, count, temperature);
    };
    DeviceSearches searches(model, task);
    searches.advance(1);
    while (searches.running() > 0) searches.advance(0);
    return counts;
  };
  using Counts = std::vector<std::int64_t>;
  EXPECT_EQ(asked(4, 3, 0), (Counts{1, 1, 1, 1}));  // a pass that is captured as a graph is always the same
  EXPECT_EQ(asked(4, 0, 0), (Counts{0, 0, 0, 0}));
  EXPECT_EQ(asked(std::nullopt, 3, 0), (Counts{0, 0, 0, 0}));
  EXPECT_EQ(asked(std::nullopt, 0, 3), (Counts{2, 2, 2, 2}));
  EXPECT_EQ(asked(4, 3, 2), (Counts{4, 4, 4, 4}));
  EXPECT_EQ(asked(std::nullopt, 0, 5), (Counts{0, 0, 0, 0}));  // longer than captions
}

}  // namespace
}  // namespace caption
