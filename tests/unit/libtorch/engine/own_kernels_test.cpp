// The kernels of src/cuda, on the CPU, in the places where a GPU's search calls them: beside LibTorch's
// operators.

#include "libtorch/engine/own_kernels.h"

#include <gtest/gtest.h>

#include <limits>

#include "caption/error.h"
#include "cuda/cpu_kernels.h"
#include "unit/gpt2/tiny.h"

namespace caption {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_alike(const at::Tensor& logits, std::int64_t count, double temperature,
                  const at::Tensor& excluded = {}) {
  SCOPED_TRACE("count " + std::to_string(count) + ", temperature " + std::to_string(temperature));
  const TopK actual = top_k_by_kernels(cuda::cpu_kernels())(logits, excluded, count, temperature);
  const TopK expected = top_k_by_operators(logits, excluded, count, temperature);
  ASSERT_EQ(actual.tokens.sizes(), expected.tokens.sizes());
  EXPECT_EQ(actual.tokens.scalar_type(), at::kLong);
  const at::Tensor damaged = expected.log_probabilities.select(1, 0).isnan();  // [R]
  EXPECT_TRUE(at::equal(actual.log_probabilities.select(1, 0).isnan(), damaged));
  // Tokens that cannot come are any; of rows with damaged logits nothing is of use.
  const at::Tensor can_come = expected.log_probabilities.gt(-kInfinity);  // false for NaN
  EXPECT_TRUE(at::equal(actual.log_probabilities.gt(-kInfinity), can_come));
  EXPECT_TRUE(at::equal(actual.tokens.masked_select(can_come), expected.tokens.masked_select(can_come)));
  const at::Tensor difference =
      (actual.log_probabilities - expected.log_probabilities).masked_select(can_come);
  EXPECT_TRUE(difference.abs().lt(1e-5).all().item<bool>());
  EXPECT_GE(actual.tokens.min().item<std::int64_t>(), 0);
  EXPECT_LT(actual.tokens.max().item<std::int64_t>(), logits.size(1));
}

TEST(OwnKernels, GiveTheOperatorsTopK) {
  at::manual_seed(11);
  const at::Tensor logits = at::randn({5, 5000}) * 4;
  const at::Tensor equal = at::randint(0, 3, {5, 5000}).to(at::kFloat);  // nearly all choices between equals
  for (const std::int64_t count : {1, 2, 5, 32, 33}) {
    for (const double temperature : {1.0, 0.7}) {
      expect_alike(logits, count, temperature);
      expect_alike(logits.t().contiguous().t(), count, temperature);  // not contiguous
      expect_alike(equal, count, temperature);
    }
  }
}

TEST(OwnKernels, KnowTokensThatCannotComeAndDamagedRows) {
  at::Tensor logits = at::randn({6, 7});
  logits[1].fill_(-kInfinity);  // no token can come
  logits[2].narrow(0, 1, 6).fill_(-kInfinity);
  logits[3][4] = std::numeric_limits<float>::quiet_NaN();
  logits[4][6] = kInfinity;
  for (const std::int64_t count : {1, 4, 7, 9}) expect_alike(logits, count, 1.0);
}

TEST(OwnKernels, KnowWhatIsExcluded) {
  at::manual_seed(12);
  at::Tensor logits = at::randn({6, 9});
  logits[1][2] = std::numeric_limits<float>::quiet_NaN();
  logits[2].narrow(0, 1, 7).fill_(-kInfinity);
  const at::Tensor excluded = at::randint(-1, 9, {6, 3}).to(at::kLong);
  for (const at::Tensor& some :
       {excluded, excluded.narrow(1, 0, 1), at::full_like(excluded, -1), at::full_like(excluded, 0)})
    for (const std::int64_t count : {1, 4, 9}) expect_alike(logits, count, 0.7, some);
}

/// Beams branch, end and start again; slots are left empty.
void compare_slots(std::int64_t beams) {
  constexpr std::int64_t kSlots = 3;
  constexpr std::int64_t kPrefix = 4;
  constexpr std::int64_t kTokens = 9;
  const Gpt2<at::Tensor> model(from_aten("tiny.pt", "gpt.transformer.", tiny_gpt2()), {});
  const SlotSizes sizes{.slots = kSlots, .beams = beams, .prefix = kPrefix, .tokens = kTokens};
  Gpt2Slots by_kernels(model, sizes, attention_by_kernels(cuda::cpu_kernels()));
  Gpt2Slots by_operators(model, sizes);
  const auto compare = [](const at::Tensor& actual, const at::Tensor& expected) {
    EXPECT_LT((actual - expected).abs().max().item<double>(), 1e-4);
    EXPECT_TRUE(at::equal(actual.argmax(1), expected.argmax(1)));
  };
  const auto begin = [&](const at::Tensor& slots) {
    const at::Tensor prefixes = at::randn({slots.size(0), kPrefix, kWidth}) * 0.5;
    compare(by_kernels.begin(slots, prefixes), by_operators.begin(slots, prefixes));
  };
  begin(at::tensor({2, 0}, at::kLong));
  const at::Tensor first = at::arange(kSlots).repeat_interleave(beams) * beams;
  for (std::int64_t step = 1; step <= kTokens; ++step) {
    const at::Tensor tokens = at::randint(0, kVocabulary, {kSlots * beams}, at::kLong);
    const at::Tensor parents = first + at::randint(0, beams, {kSlots * beams}, at::kLong);
    const at::Tensor actual = by_kernels.step(tokens, parents, step);
    const at::Tensor expected = by_operators.step(tokens, parents, step);
    compare(actual.narrow(0, 0, beams), expected.narrow(0, 0, beams));
    compare(actual.narrow(0, 2 * beams, beams), expected.narrow(0, 2 * beams, beams));
    if (step == 4) begin(at::tensor({1}, at::kLong));
    if (step > 4) compare(actual, expected);
  }
}

TEST(OwnKernels, AttendAsOperatorsWithBeams) {
  at::manual_seed(12);
  compare_slots(4);
}

TEST(OwnKernels, AttendAsOperatorsWithSingleRows) {
  at::manual_seed(13);
  compare_slots(1);
}

TEST(OwnKernels, RefuseWhatTheyAreNotFor) {
  const auto attend = attention_by_kernels(cuda::cpu_kernels());
  const at::Tensor counts = at::ones({2}, at::kInt);
  const auto ask = [&](at::ScalarType type, std::int64_t places, std::int64_t width) {
    const at::Tensor qkv = at::zeros({2, 3 * width}, type);
    const at::Tensor store = at::zeros({2 * places, 1, 2 * width}, type);
    const at::Tensor table = at::arange(2 * places, at::kInt).view({2, places});
    attend({qkv, store, 0, table, counts});
  };
  EXPECT_NO_THROW(ask(at::kFloat, 1024, 64));
  EXPECT_NO_THROW(ask(at::kHalf, 16, 128));
  EXPECT_THROW(ask(at::kBFloat16, 16, 64), Error);
  EXPECT_THROW(ask(at::kFloat, 1040, 64), Error);
  EXPECT_THROW(ask(at::kFloat, 16, 96), Error);
}

}  // namespace
}  // namespace caption
