#include "libtorch/layers/gpt2_slots.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "caption/error.h"
#include "gpt2/gpt2.h"
#include "unit/gpt2/tiny.h"

namespace caption {
namespace {

constexpr std::int64_t kPrefix = 4;
constexpr std::int64_t kTokens = 9;

/// A row as it is in the session without slots.
struct Row {
  std::vector<std::int32_t> tokens;
  std::int64_t prefix;  // which one; -1: the slot is empty
};

/// logits [V] of a sequence, run from its start.
at::Tensor logits_of(const Gpt2<at::Tensor>& model, const at::Tensor& prefixes, const Row& row) {
  Gpt2Session<at::Tensor> session(model);
  at::Tensor logits = session.step({}, {}, prefixes.narrow(0, row.prefix, 1));
  for (const std::int32_t token : row.tokens) {
    const std::int32_t parent = 0;
    logits = session.step({&token, 1}, {&parent, 1});
  }
  return logits[0];
}

/// Slots are taken, taken again and left empty; beams branch and end.
void compare_with_sessions(std::int64_t beams) {
  const Gpt2<at::Tensor> model(from_aten("tiny.pt", "gpt.transformer.", tiny_gpt2()), {});
  const at::Tensor prefixes = at::randn({6, kPrefix, kWidth}) * 0.5;
  Gpt2Slots slots(model, {.slots = 3, .beams = beams, .prefix = kPrefix, .tokens = kTokens});
  std::vector<Row> rows(static_cast<std::size_t>(3 * beams), Row{{}, -1});
  std::mt19937 random(3);
  std::int64_t next = 0;
  const auto begin = [&](const std::vector<std::int64_t>& which) {
    const auto count = static_cast<std::int64_t>(which.size());
    const at::Tensor logits = slots.begin(at::tensor(which, at::kLong), prefixes.narrow(0, next, count));
    for (std::size_t i = 0; i < which.size(); ++i, ++next) {
      for (std::int64_t beam = 0; beam < beams; ++beam)
        rows[static_cast<std::size_t>(which[i] * beams + beam)] = {{}, next};
      const at::Tensor expected =
          logits_of(model, prefixes, rows[static_cast<std::size_t>(which[i] * beams)]);
      EXPECT_LT((logits[static_cast<std::int64_t>(i)] - expected).abs().max().item<double>(), 1e-4);
    }
  };
  const auto step = [&](std::int64_t longest) {
    std::vector<std::int64_t> tokens;
    std::vector<std::int64_t> parents;
    const std::vector<Row> before = rows;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto slot = static_cast<std::int64_t>(r) / beams;
      tokens.push_back(static_cast<std::int64_t>(random() % kVocabulary));
      parents.push_back(slot * beams + static_cast<std::int64_t>(random()) % beams);
      rows[r] = before[static_cast<std::size_t>(parents.back())];
      rows[r].tokens.push_back(static_cast<std::int32_t>(tokens.back()));
    }
    const at::Tensor logits =
        slots.step(at::tensor(tokens, at::kLong), at::tensor(parents, at::kLong), longest);
    EXPECT_FALSE(logits.isnan().any().item<bool>());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (rows[r].prefix < 0 || static_cast<std::int64_t>(rows[r].tokens.size()) > longest) continue;
      const at::Tensor expected = logits_of(model, prefixes, rows[r]);
      EXPECT_LT((logits[static_cast<std::int64_t>(r)] - expected).abs().max().item<double>(), 1e-4) << r;
    }
  };
  begin({2, 0});
  for (int i = 0; i < 3; ++i) step(3);
  begin({1});
  for (int i = 0; i < 4; ++i) step(kTokens);
  begin({2});
  for (int i = 0; i < 3; ++i) step(8);  // slot 0 goes beyond its last position
  begin({0, 1});
  for (int i = 0; i < 2; ++i) step(5);
}

TEST(Gpt2Slots, BeamsEqualSessions) {
  compare_with_sessions(3);
}

TEST(Gpt2Slots, SingleRowsEqualSessions) {
  compare_with_sessions(1);
}

TEST(Gpt2Slots, MisuseIsAnError) {
  const Gpt2<at::Tensor> model(from_aten("tiny.pt", "gpt.transformer.", tiny_gpt2()), {});
  EXPECT_THROW(Gpt2Slots(model, {.slots = 0}), Error);
  EXPECT_THROW(Gpt2Slots(model, {.prefix = 12, .tokens = kContext}), Error);
  Gpt2Slots slots(model, {.slots = 2, .beams = 2, .prefix = 3, .tokens = 4});
  const at::Tensor one = at::zeros({1}, at::kLong);
  EXPECT_THROW(slots.begin(one, at::zeros({1, 2, kWidth})), Error);
  EXPECT_THROW(slots.begin(one, at::zeros({2, 3, kWidth})), Error);
  EXPECT_THROW(slots.step(one, one, 1), Error);
  const at::Tensor four = at::zeros({4}, at::kLong);
  EXPECT_THROW(slots.step(four, four, 5), Error);
}

}  // namespace
}  // namespace caption
