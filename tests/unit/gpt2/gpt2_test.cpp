#include "gpt2/gpt2.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "caption/error.h"
#include "kernels/parallel.h"
#include "layers/cpu.h"
#include "tiny.h"

namespace caption {
namespace {

using Ids = std::vector<std::int32_t>;

Gpt2<Tensor> load(const Named& named, const CpuCompute& compute = {}, const Gpt2Choices& choices = {}) {
  return Gpt2<Tensor>(from_aten("tiny.pt", "gpt.transformer.", named), compute, choices);
}

/// A session that is called with LibTorch's tensors.
class CpuSession {
 public:
  explicit CpuSession(const Gpt2<Tensor>& model) : session_(model) {}
  at::Tensor step(const Ids& tokens, const Ids& parents, const at::Tensor& prefixes = {}) {
    return to_aten(session_.step(tokens, parents, from_aten(prefixes)));
  }

 private:
  Gpt2Session<Tensor> session_;
};

/// One call of step.
struct Step {
  Ids tokens;
  Ids parents;
};

/// From 3 prefixes: kept, multiplied, reordered, dropped (a whole image, too), grown again.
const std::vector<Step> kBranching = {{{3, 4, 5, 6, 7, 8, 9}, {0, 0, 1, 1, 1, 2, 2}},
                                      {{10, 11, 12, 13, 14}, {6, 0, 3, 3, 1}},
                                      {{89, 0, 2, 15, 16, 17, 18, 19, 20}, {4, 0, 0, 1, 2, 2, 2, 3, 1}},
                                      {{21, 22}, {8, 1}},
                                      {{1, 2, 3, 4}, {1, 1, 0, 1}}};

/// What each row of each step was grown from.
struct Lineage {
  std::int64_t image;
  Ids tokens;
};

std::vector<std::vector<Lineage>> lineages(std::int64_t images, const std::vector<Step>& steps) {
  std::vector<Lineage> rows;
  for (std::int64_t b = 0; b < images; ++b) rows.push_back({b, {}});
  std::vector<std::vector<Lineage>> all;
  for (const Step& step : steps) {
    std::vector<Lineage> next;
    for (std::size_t r = 0; r < step.tokens.size(); ++r) {
      next.push_back(rows[static_cast<std::size_t>(step.parents[r])]);
      next.back().tokens.push_back(step.tokens[r]);
    }
    all.push_back(rows = next);
  }
  return all;
}

at::Tensor embeddings(const Named& named, const at::Tensor& prefix, const Ids& tokens) {
  std::vector<at::Tensor> parts = {prefix};
  for (const std::int32_t token : tokens)
    parts.push_back(named.at("wte.weight")[token].to(at::kFloat).unsqueeze(0));
  return at::cat(parts, 0);
}

TEST(Gpt2, SizesAreReadOffTheShapes) {
  const Gpt2<Tensor> model = load(tiny_gpt2());
  EXPECT_EQ(model.sizes().width, kWidth);
  EXPECT_EQ(model.sizes().layers, kLayers);
  EXPECT_EQ(model.sizes().vocabulary, kVocabulary);
  EXPECT_EQ(model.sizes().context, kContext);
  EXPECT_EQ(model.sizes().hidden, kInner);
}

TEST(Gpt2, CachedBranchingBeamsEqualTheWholeForward) {
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    Named named = tiny_gpt2();
    for (auto& [name, tensor] : named) tensor = tensor.to(type);
    const Gpt2<Tensor> model = load(named);
    const at::Tensor prefix = at::randn({3, 4, kWidth});
    CpuSession session(model);
    const at::Tensor first = session.step({}, {}, prefix);
    ASSERT_EQ(first.sizes(), (Shape{3, kVocabulary}));
    for (std::int64_t b = 0; b < 3; ++b) {
      EXPECT_LT(largest_difference(first[b], reference_logits(named, prefix[b])), 5e-5);
    }
    const auto expected = lineages(3, kBranching);
    for (std::size_t s = 0; s < kBranching.size(); ++s) {
      const at::Tensor logits = session.step(kBranching[s].tokens, kBranching[s].parents);
      ASSERT_EQ(logits.size(0), static_cast<std::int64_t>(kBranching[s].tokens.size()));
      for (std::size_t r = 0; r < expected[s].size(); ++r) {
        const at::Tensor x = embeddings(named, prefix[expected[s][r].image], expected[s][r].tokens);
        EXPECT_LT(largest_difference(logits[static_cast<std::int64_t>(r)], reference_logits(named, x)), 5e-5)
            << "step " << s << " row " << r;
      }
    }
  }
}

TEST(Gpt2, ARowAloneWithAnyThreadsGivesTheSameBits) {
  for (const DType type : {DType::fp32, DType::bf16, DType::int8}) {
    const Gpt2<Tensor> model = load(tiny_gpt2(), {type});
    const at::Tensor prefix = at::randn({3, 4, kWidth});
    const auto expected = lineages(3, kBranching);
    for (const int thread_count : {1, 3}) {
      set_threads(thread_count);
      CpuSession together(model);
      const at::Tensor first = together.step({}, {}, prefix);
      for (std::size_t s = 0; s < kBranching.size(); ++s) {
        const at::Tensor logits = together.step(kBranching[s].tokens, kBranching[s].parents);
        for (std::size_t r = 0; r < expected[s].size(); ++r) {
          const Lineage& row = expected[s][r];
          set_threads(1);
          CpuSession alone(model);
          at::Tensor last = alone.step({}, {}, prefix.slice(0, row.image, row.image + 1));
          EXPECT_TRUE(same_bits(last[0], first[row.image]));
          for (const std::int32_t token : row.tokens) last = alone.step(Ids{token}, Ids{0});
          EXPECT_TRUE(same_bits(last[0], logits[static_cast<std::int64_t>(r)]))
              << thread_count << " threads, step " << s << " row " << r;
          set_threads(thread_count);
        }
      }
    }
    set_threads(0);
  }
}

/// Sequences with prefixes of other lengths join rows that are on their way, some of which leave.
TEST(Gpt2, RowsThatJoinLaterGiveTheSameBits) {
  for (const DType type : {DType::fp32, DType::bf16, DType::int8}) {
    const Gpt2<Tensor> model = load(tiny_gpt2(), {type});
    const at::Tensor first = at::randn({2, 4, kWidth});
    const at::Tensor second = at::randn({3, 6, kWidth});
    CpuSession together(model);
    together.step({}, {}, first);
    together.step(Ids{3, 4, 5}, Ids{1, 0, 1});
    const at::Tensor joined = together.step(Ids{6, 7}, Ids{2, 1}, second);  // rows 2, 3, 4 are new
    const at::Tensor mixed = together.step(Ids{8, 9, 10}, Ids{4, 0, 2});
    const at::Tensor last = together.step(Ids{11}, Ids{0}, first);
    ASSERT_EQ(joined.size(0), 5);
    ASSERT_EQ(last.size(0), 3);

    const auto alone = [&](const at::Tensor& prefix, const Ids& tokens) {
      CpuSession session(model);
      at::Tensor logits = session.step({}, {}, prefix.unsqueeze(0));
      for (const std::int32_t token : tokens) logits = session.step(Ids{token}, Ids{0});
      return logits[0];
    };
    EXPECT_TRUE(same_bits(joined[0], alone(first[1], {5, 6})));
    EXPECT_TRUE(same_bits(joined[1], alone(first[0], {4, 7})));
    for (std::int64_t b = 0; b < 3; ++b) EXPECT_TRUE(same_bits(joined[2 + b], alone(second[b], {})));
    EXPECT_TRUE(same_bits(mixed[0], alone(second[2], {8})));
    EXPECT_TRUE(same_bits(mixed[1], alone(first[1], {5, 6, 9})));
    EXPECT_TRUE(same_bits(mixed[2], alone(second[0], {10})));
    EXPECT_TRUE(same_bits(last[0], alone(second[2], {8, 11})));
    EXPECT_TRUE(same_bits(last[1], alone(first[0], {})));
  }
}

TEST(Gpt2, NarrowWeightsAreClose) {
  const at::Tensor prefix = at::randn({1, 4, kWidth});
  const Gpt2<Tensor> exact_model = load(tiny_gpt2());
  const at::Tensor exact = CpuSession(exact_model).step({}, {}, prefix);
  for (const DType type : {DType::bf16, DType::int8}) {
    const Gpt2<Tensor> narrow_model = load(tiny_gpt2(), {type});
    const at::Tensor narrow = CpuSession(narrow_model).step({}, {}, prefix);
    EXPECT_GT(largest_difference(exact, narrow), 1e-4) << name_of(type);
    EXPECT_LT(largest_difference(exact, narrow) / exact.abs().max().item<double>(), 0.03) << name_of(type);
  }
}

TEST(Gpt2, TiedOutputLayer) {
  Named named = tiny_gpt2();
  named["lm_head.weight"] = named["wte.weight"];
  EXPECT_NO_THROW(load(named));
  named["lm_head.weight"] = named["wte.weight"].clone();
  EXPECT_TRUE(load(named).tied());
}

TEST(Gpt2, AnOutputLayerOfItsOwn) {
  Named named = tiny_gpt2();
  const at::Tensor prefix = at::randn({1, 4, kWidth});
  const at::Tensor tied = CpuSession(load(named)).step({}, {}, prefix);
  named["lm_head.weight"] = at::randn({kVocabulary, kWidth});
  const Gpt2<Tensor> model = load(named);
  EXPECT_FALSE(model.tied());
  const at::Tensor own = CpuSession(model).step({}, {}, prefix);
  EXPECT_LT(largest_difference(own[0], reference_logits(named, prefix[0])), 5e-5);
  EXPECT_GT(largest_difference(own, tied), 0.1);
}

TEST(Gpt2, HeadsOfOtherWidths) {
  const Named named = tiny_gpt2();
  const at::Tensor prefix = at::randn({1, 4, kWidth});
  for (const std::int64_t heads : {1, 2, 4, 8}) {
    const Gpt2<Tensor> model = load(named, {}, {.heads = heads});
    CpuSession session(model);
    EXPECT_LT(largest_difference(session.step({}, {}, prefix)[0], reference_logits(named, prefix[0], heads)),
              5e-5)
        << heads;
  }
  for (const std::int64_t heads : {3, 16}) EXPECT_THROW(load(named, {}, {.heads = heads}), Error);
}

/// Rows behind the tokenizer's have no logits, and the others those that they have without them.
TEST(Gpt2, APaddedVocabulary) {
  Named named = tiny_gpt2();
  const at::Tensor prefix = at::randn({1, 4, kWidth});
  const at::Tensor expected = CpuSession(load(named)).step({}, {}, prefix);
  named["wte.weight"] = at::cat({named["wte.weight"], at::full({38, kWidth}, 9.0)}, 0);
  const Gpt2<Tensor> model = load(named, {}, {.tokens = kVocabulary});
  EXPECT_EQ(model.sizes().vocabulary, 128);
  EXPECT_TRUE(at::equal(CpuSession(model).step({}, {}, prefix), expected));
  CpuSession session(model);
  session.step({}, {}, prefix);
  EXPECT_THROW(session.step({kVocabulary}, {0}), Error);
  EXPECT_THROW(load(named, {}, {.tokens = 129}), Error);
  named["wte.weight"] = named["wte.weight"].slice(0, 0, 127);
  EXPECT_THROW(load(named, {}, {.tokens = kVocabulary}), Error) << "no multiple of 8";
}

void expect_model_error(const std::function<void(Named&)>& change, const std::string& text) {
  Named named = tiny_gpt2();
  change(named);
  try {
    load(named);
    ADD_FAILURE() << "no error: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Gpt2, ErrorsNameTheTensor) {
  expect_model_error([](Named& n) { n["h.1.ln_2.bias"] = at::ones({3}); },
                     "tiny.pt: tensor 'gpt.transformer.h.1.ln_2.bias': expected shape [128], found [3]");
  expect_model_error(
      [](Named& n) {
        n["h.0.attn.c_attn.weight"] = at::ones({384, 128});
      },
      "'gpt.transformer.h.0.attn.c_attn.weight': expected shape [128, 384], found [384, 128]");
  expect_model_error([](Named& n) { n.erase("h.2.mlp.c_proj.weight"); },
                     "'gpt.transformer.h.2.mlp.c_proj.weight': missing");
  expect_model_error([](Named& n) { n["h.0.extra"] = at::ones({2}); },
                     "'gpt.transformer.h.0.extra': unknown tensor");
  expect_model_error([](Named& n) { n.erase("wte.weight"); }, "'gpt.transformer.wte.weight': missing");
  expect_model_error([](Named& n) { n["wte.weight"] = at::ones({kVocabulary, 100}); }, "multiple of 64");
  expect_model_error(
      [](Named& n) {
        n["wpe.weight"] = at::ones({kContext, 64});
      },
      "'gpt.transformer.wpe.weight': expected shape [20, 128], found [20, 64]");
  expect_model_error(
      [](Named& n) {
        n["lm_head.weight"] = at::ones({3, kWidth});
      },
      "lm_head.weight': expected shape [90, 128], found [3, 128]");
  expect_model_error(
      [](Named& n) {
        for (auto it = n.begin(); it != n.end();)
          it = it->first.starts_with("h.") ? n.erase(it) : std::next(it);
      },
      "'gpt.transformer.h.0.ln_1.weight': missing");
}

TEST(Gpt2, MisuseIsAnInternalError) {
  const Gpt2<Tensor> model = load(tiny_gpt2());
  const at::Tensor prefix = at::randn({2, kContext - 1, kWidth});
  CpuSession session(model);
  EXPECT_THROW(session.step({}, {}), Error);
  EXPECT_THROW(session.step({}, {}, at::randn({2, 4, 64})), Error);
  EXPECT_THROW(session.step({}, {}, at::randn({4, kWidth})), Error);
  EXPECT_THROW(session.step({}, {}, at::randn({2, kContext + 1, kWidth})), Error);
  EXPECT_THROW(session.step(Ids{1}, Ids{0}), Error);
  session.step({}, {}, prefix);
  EXPECT_THROW(session.step({}, {}), Error);
  EXPECT_THROW(session.step(Ids{1, 2}, Ids{0}), Error);
  EXPECT_THROW(session.step(Ids{90}, Ids{0}), Error);
  EXPECT_THROW(session.step(Ids{-1}, Ids{0}), Error);
  EXPECT_THROW(session.step(Ids{1}, Ids{2}), Error);
  EXPECT_THROW(session.step(Ids{1}, Ids{-1}), Error);
  EXPECT_NO_THROW(session.step(Ids{1}, Ids{1}));
  try {
    session.step(Ids{1}, Ids{0});  // its positions are used up
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal);
  }
}

}  // namespace
}  // namespace caption
