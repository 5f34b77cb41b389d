#include "measure/demand.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "../gpt2/tiny.h"
#include "../vision/random_encoders.h"
#include "kernels/work.h"
#include "gpt2/gpt2.h"
#include "mapper/mapper.h"
#include "published_shapes.h"
#include "vision/encoder.h"

// The operations are those that the CPU's arithmetic counts while it runs a model.

namespace caption {
namespace {

constexpr auto kFp32 = static_cast<std::size_t>(Arithmetic::fp32);

const StageDemand& stage(const std::vector<StageDemand>& demands, const std::string& name) {
  for (const StageDemand& demand : demands) {
    if (demand.stage == name) return demand;
  }
  throw std::runtime_error("no stage " + name);
}

double operations(const std::function<void()>& run) {
  const Work before = work_so_far();
  run();
  return static_cast<double>((work_so_far() - before).operations[kFp32]);
}

/// Of tiny sizes: see the headers.
ModelShape tiny() {
  ModelShape shape;
  shape.encoder = VitShape{128, 2, 4, 12};
  shape.embedding = 10;
  shape.mapper = TransformerMapperShape{5, 2, 96};
  shape.prefix = 3;
  shape.width = static_cast<int>(kWidth);
  shape.layers = static_cast<int>(kLayers);
  shape.hidden = static_cast<int>(kInner);
  shape.vocabulary = static_cast<int>(kVocabulary);
  return shape;
}

TEST(Demand, OfAnEncoderIsWhatItCalculates) {
  for (const bool vit : {true, false}) {
    ModelShape shape = tiny();
    if (!vit) shape.encoder = ResNetShape{6, {2, 1, 1, 1}, 64};
    const auto encoder =
        make_image_encoder(testing::as_tensors(vit ? testing::random_vit() : testing::random_resnet()),
                           Activation::quick_gelu, {});
    for (const int batch : {1, 3}) {
      const at::Tensor pixels = at::randn({batch, 3, encoder->resolution(), encoder->resolution()});
      EXPECT_EQ(stage(model_demands(shape, {batch}), "encode").flops,
                operations([&] { encoder->encode(pixels); }));
    }
  }
}

TEST(Demand, OfAMapperIsWhatItCalculates) {
  const ModelShape shape = tiny();
  const auto& sizes = std::get<TransformerMapperShape>(shape.mapper);
  testing::RandomTensors random(3);
  random.add_linear("linear", sizes.clip_length * kWidth, shape.embedding);
  random.add("prefix_const", {shape.prefix, kWidth}, 1);
  for (int layer = 0; layer < sizes.layers; ++layer) {
    const std::string name = "transformer.layers." + std::to_string(layer) + ".";
    random.add_norm(name + "norm1", kWidth);
    random.add(name + "attn.to_queries.weight", {kWidth, kWidth}, 0.1);
    random.add(name + "attn.to_keys_values.weight", {2 * kWidth, kWidth}, 0.1);
    random.add_linear(name + "attn.project", kWidth, kWidth);
    random.add_norm(name + "norm2", kWidth);
    random.add_linear(name + "mlp.fc1", sizes.hidden, kWidth);
    random.add_linear(name + "mlp.fc2", kWidth, sizes.hidden);
  }
  double parameters = 0;
  for (const auto& [name, tensor] : random.map) parameters += static_cast<double>(tensor.numel());
  const auto mapper = make_mapper(testing::as_tensors(random.map), kWidth, {});
  const StageDemand map = stage(model_demands(shape, {4}), "map");
  EXPECT_EQ(map.flops, operations([&] { mapper->map(at::randn({4, shape.embedding})); }));
  EXPECT_EQ(map.weights, parameters);
}

TEST(Demand, OfASearchIsWhatGpt2Calculates) {
  const ModelShape shape = tiny();
  const Gpt2 gpt2(Tensors("gpt2.pt", "", tiny_gpt2()), {});
  for (const int beam : {1, 3}) {
    constexpr int kBatch = 2;
    constexpr int kTokens = 4;
    const double counted = operations([&] {
      Gpt2Session session = gpt2.start();
      session.step({}, {}, at::randn({kBatch, shape.prefix, kWidth}));
      std::vector<std::int32_t> parents;
      for (int row = 0; row < kBatch * beam; ++row) parents.push_back(row / beam);
      for (int token = 1; token < kTokens; ++token) {
        session.step(std::vector<std::int32_t>(parents.size(), 7), parents);
        std::iota(parents.begin(), parents.end(), 0);
      }
    });
    const auto demands = model_demands(shape, {kBatch, beam, kTokens});
    EXPECT_EQ(
        stage(demands, "prefill").flops + stage(demands, "step").flops + stage(demands, "vocabulary").flops,
        counted);
  }
}

TEST(Demand, KnowsThePublishedModelsParameters) {
  const auto demands = model_demands(published_vit_mlp(), {});
  EXPECT_EQ(stage(demands, "encode").weights, 87'849'216);  // CLIP's ViT-B/32, image side
  const double positions = 1024 * 768;
  EXPECT_EQ(stage(demands, "prefill").weights + stage(demands, "vocabulary").weights + positions,
            124'439'808);
  EXPECT_EQ(stage(demands, "step").weights, stage(demands, "prefill").weights);
  EXPECT_EQ(stage(demands, "map").weights, 512 * 3840 + 3840 + 3840 * 7680 + 7680);
}

TEST(Demand, OfWeightsDoesNotGrowWithTheBatch) {
  const auto one = model_demands(published_resnet_transformer(), {1, 5, 12});
  const auto many = model_demands(published_resnet_transformer(), {32, 5, 12});
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(many[i].weights * many[i].passes, one[i].weights * one[i].passes);
    EXPECT_EQ(many[i].kernels, one[i].kernels);
    EXPECT_DOUBLE_EQ(many[i].flops, 32 * one[i].flops);
    EXPECT_NEAR(many[i].activation_bytes, 32 * one[i].activation_bytes, 1e-9 * many[i].activation_bytes);
  }
}

TEST(Demand, OfOneTokenHasNoSteps) {
  const StageDemand step = stage(model_demands(published_vit_mlp(), {8, 5, 1}), "step");
  EXPECT_EQ(step.bytes(), 0);
  EXPECT_EQ(step.flops, 0);
  EXPECT_EQ(step.kernels, 0);
}

}  // namespace
}  // namespace caption
