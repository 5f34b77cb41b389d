#include "measure/demand.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "gpt2/gpt2.h"
#include "kernels/work.h"
#include "layers/cpu.h"
#include "mapper/mapper.h"
#include "model/bundle.h"
#include "model/sizes.h"
#include "published_sizes.h"
#include "unit/gpt2/tiny.h"
#include "unit/vision/random_encoders.h"
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
ModelSizes tiny() {
  return {
      .encoder = VitSizes{.width = 128, .patch = 4, .grid = 3, .embedding = 10, .layers = 2, .hidden = 512},
      .mapper = TransformerMapperSizes{.prefix_length = 3,
                                       .width = kWidth,
                                       .clip_length = 5,
                                       .embedding = 10,
                                       .layers = 2,
                                       .hidden = 96},
      .gpt2 = {.vocabulary = kVocabulary,
               .tokens = kVocabulary,
               .context = kContext,
               .width = kWidth,
               .layers = kLayers,
               .hidden = kInner,
               .heads = kWidth / kGpt2HeadWidth}};
}

TEST(Demand, OfAnEncoderIsWhatItCalculates) {
  const EncoderChoices both = {.output = EncoderOutput::classes_and_features, .resolution = 70};
  for (const auto& map : {testing::random_vit(), testing::random_resnet(), testing::random_efficientnet(),
                          testing::random_siglip()}) {
    ModelSizes sizes = tiny();
    const Tensors tensors = testing::as_tensors(map);
    if (encoder_kind(tensors) == EncoderKind::resnet) sizes.encoder = read_resnet_sizes(tensors);
    if (encoder_kind(tensors) == EncoderKind::efficientnet_lite)
      sizes.encoder = read_efficientnet_sizes(tensors, both.output, both.resolution);
    const bool siglip = encoder_kind(tensors) == EncoderKind::siglip;
    if (siglip) sizes.encoder = read_siglip_sizes(tensors);
    const auto encoder =
        make_image_encoder<Tensor>(testing::as_tensors(map), siglip ? EncoderChoices{} : both, {});
    for (const int batch : {1, 3}) {
      const Tensor pixels = from_aten(at::randn({batch, 3, encoder->resolution(), encoder->resolution()}));
      EXPECT_EQ(stage(model_demands(sizes, {batch}), "encode").flops,
                operations([&] { encoder->encode(pixels); }));
    }
  }
}

TEST(Demand, OfAMapperIsWhatItCalculates) {
  const ModelSizes sizes = tiny();
  const auto& of_mapper = std::get<TransformerMapperSizes>(sizes.mapper);
  testing::RandomTensors random(3);
  random.add_linear("linear", of_mapper.clip_length * kWidth, of_mapper.embedding);
  random.add("prefix_const", {of_mapper.prefix_length, kWidth}, 1);
  for (int layer = 0; layer < of_mapper.layers; ++layer) {
    const std::string name = "transformer.layers." + std::to_string(layer) + ".";
    random.add_norm(name + "norm1", kWidth);
    random.add(name + "attn.to_queries.weight", {kWidth, kWidth}, 0.1);
    random.add(name + "attn.to_keys_values.weight", {2 * kWidth, kWidth}, 0.1);
    random.add_linear(name + "attn.project", kWidth, kWidth);
    random.add_norm(name + "norm2", kWidth);
    random.add_linear(name + "mlp.fc1", of_mapper.hidden, kWidth);
    random.add_linear(name + "mlp.fc2", kWidth, of_mapper.hidden);
  }
  double parameters = 0;
  for (const auto& [name, tensor] : random.map) parameters += static_cast<double>(tensor.numel());
  const auto mapper = make_mapper<Tensor>(testing::as_tensors(random.map), kWidth, {});
  const StageDemand map = stage(model_demands(sizes, {4}), "map");
  EXPECT_EQ(map.flops, operations([&] { mapper->map(from_aten(at::randn({4, of_mapper.embedding}))); }));
  EXPECT_EQ(map.weights, parameters);
}

TEST(Demand, OfASearchIsWhatGpt2Calculates) {
  const ModelSizes sizes = tiny();
  const Gpt2<Tensor> gpt2(from_aten("gpt2.pt", "", tiny_gpt2()), {});
  for (const int beam : {1, 3}) {
    constexpr int kBatch = 2;
    constexpr int kTokens = 4;
    const double counted = operations([&] {
      Gpt2Session<Tensor> session(gpt2);
      session.step({}, {}, from_aten(at::randn({kBatch, sizes.prefix_length(), kWidth})));
      std::vector<std::int32_t> parents;
      for (int row = 0; row < kBatch * beam; ++row) parents.push_back(row / beam);
      for (int token = 1; token < kTokens; ++token) {
        session.step(std::vector<std::int32_t>(parents.size(), 7), parents);
        std::iota(parents.begin(), parents.end(), 0);
      }
    });
    const auto demands = model_demands(sizes, {kBatch, beam, kTokens});
    EXPECT_EQ(
        stage(demands, "prefill").flops + stage(demands, "step").flops + stage(demands, "vocabulary").flops,
        counted);
  }
}

/// The demands that follow from a bundle's sizes are what the loaded model calculates.
TEST(Demand, OfABundleIsWhatTheModelCalculates) {
  for (const char* name : {"vit-mlp", "resnet-transformer"}) {
    const std::filesystem::path folder = std::filesystem::path(CAPTION_TEST_DATA) / "parity" / name;
    const Bundle<Tensor> bundle = load_cpu_bundle(folder, {});
    double expected = 0;
    for (const StageDemand& demand : model_demands(read_sizes(folder), {.batch = 2, .beam = 1, .tokens = 1}))
      expected += demand.flops;
    const std::int64_t side = bundle.encoder->resolution();
    EXPECT_EQ(operations([&] {
                const Tensor embedding = bundle.encoder->encode(from_aten(at::randn({2, 3, side, side})));
                Gpt2Session<Tensor>(*bundle.gpt2).step({}, {}, bundle.mapper->map(embedding));
              }),
              expected)
        << name;
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
