// The models over LibTorch's tensors beside those over the CPU's.

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "aten.h"
#include "gpt2/gpt2.h"
#include "layers/cpu.h"
#include "libtorch/layers/layers.h"
#include "unit/gpt2/tiny.h"
#include "unit/vision/random_encoders.h"
#include "vision/encoder.h"

namespace caption {
namespace {

void expect_near(const at::Tensor& actual, const Tensor& expected, double tolerance) {
  const at::Tensor theirs = to_aten(expected);
  ASSERT_EQ(actual.sizes(), theirs.sizes());
  EXPECT_EQ(actual.scalar_type(), at::kFloat);
  EXPECT_LE(largest_difference(actual, theirs), tolerance * theirs.abs().max().item<double>());
}

void expect_same_embeddings(const AtenMap& weights, const EncoderChoices& choices = {}) {
  const auto tensors = [&] { return from_aten("clip.pt", "visual.", weights); };
  const auto torch = make_image_encoder<at::Tensor>(tensors(), choices, {});
  const auto cpu = make_image_encoder<Tensor>(tensors(), choices, {});
  EXPECT_EQ(torch->kind(), cpu->kind());
  EXPECT_EQ(torch->embedding(), cpu->embedding());
  const at::Tensor pixels = at::randn({3, 3, cpu->resolution(), cpu->resolution()});
  expect_near(torch->encode(pixels), cpu->encode(from_aten(pixels)), 1e-5);
}

TEST(TorchEncoder, GivesTheCpusEmbeddings) {
  at::manual_seed(4);
  expect_same_embeddings(testing::random_vit());
  expect_same_embeddings(testing::random_vit(), {.activation = Activation::gelu});
  expect_same_embeddings(testing::random_siglip(), {.activation = Activation::gelu_tanh, .resolution = 14});
  expect_same_embeddings(testing::random_resnet());
  for (const EncoderOutput output :
       {EncoderOutput::features, EncoderOutput::classes, EncoderOutput::classes_and_features}) {
    for (const std::int64_t resolution : {64, 97})
      expect_same_embeddings(testing::random_efficientnet(), {.output = output, .resolution = resolution});
  }
}

/// Rows are kept, multiplied, reordered and dropped, and others join.
TEST(TorchSession, GivesTheCpusLogits) {
  const auto tensors = [] { return from_aten("tiny.pt", "gpt.transformer.", tiny_gpt2()); };
  const Gpt2<at::Tensor> torch(tensors(), {});
  const Gpt2<Tensor> cpu(tensors(), {});
  Gpt2Session<at::Tensor> session(torch);
  Gpt2Session<Tensor> expected(cpu);
  const auto step = [&](const std::vector<std::int32_t>& tokens, const std::vector<std::int32_t>& parents,
                        const at::Tensor& prefixes) {
    expect_near(session.step(tokens, parents, prefixes), expected.step(tokens, parents, from_aten(prefixes)),
                1e-5);
  };
  at::manual_seed(5);
  step({}, {}, at::randn({3, 4, kWidth}));
  step({3, 4, 5, 6, 7}, {0, 0, 1, 2, 2}, {});
  step({8, 9, 10}, {4, 0, 3}, at::randn({2, 6, kWidth}));
  step({11, 12, 13, 14}, {4, 1, 0, 0}, {});
  step({15}, {2}, at::randn({1, 2, kWidth}));
}

}  // namespace
}  // namespace caption
