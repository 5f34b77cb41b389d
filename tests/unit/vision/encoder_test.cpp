#include "vision/encoder.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "caption/error.h"
#include "kernels/parallel.h"
#include "layers/cpu.h"
#include "random_encoders.h"

namespace caption {
namespace {

using testing::TensorMap;

/// An encoder kind, as a test parameter.
struct Kind {
  const char* name;
  EncoderKind kind;
  TensorMap (*tensors)();
  std::int64_t resolution;
  EncoderChoices choices;
  std::int64_t embedding = 10;
};

constexpr EncoderChoices kBoth = {.output = EncoderOutput::classes_and_features, .resolution = 70};
constexpr EncoderChoices kByTanh = {.activation = Activation::gelu_tanh, .resolution = 14};
constexpr EncoderChoices kFeatures = {.output = EncoderOutput::features, .resolution = 70};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

/// An encoder that is called with LibTorch's tensors.
class CpuEncoder {
 public:
  explicit CpuEncoder(const TensorMap& map, const EncoderChoices& choices = {})
      : encoder_(make_image_encoder<Tensor>(testing::as_tensors(map), choices, {})) {}
  const ImageEncoder<Tensor>* operator->() const { return encoder_.get(); }
  at::Tensor encode(const at::Tensor& pixels) const { return to_aten(encoder_->encode(from_aten(pixels))); }

 private:
  std::unique_ptr<ImageEncoder<Tensor>> encoder_;
};

at::Tensor random_pixels(std::int64_t count, std::int64_t resolution) {
  return testing::RandomTensors(5).normal({count, 3, resolution, resolution}, 1.0);
}

/// What is said about `map` when it is refused.
std::string refusal(const TensorMap& map, const EncoderChoices& choices = {}) {
  try {
    CpuEncoder encoder(map, choices);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
  return "accepted";
}

std::string refusal(TensorMap map, const std::function<void(TensorMap&)>& change,
                    const EncoderChoices& choices = {}) {
  change(map);
  return refusal(map, choices);
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(Vit, EqualsThePlainFormula) {
  const at::Tensor pixels = random_pixels(2, 12);
  for (const bool quick : {true, false}) {
    const CpuEncoder encoder(testing::random_vit(),
                             {.activation = quick ? Activation::quick_gelu : Activation::gelu});
    const at::Tensor expected = testing::plain_vit(testing::random_vit(), pixels, quick);
    EXPECT_LT(largest_difference(encoder.encode(pixels), expected), 1e-5) << "quick_gelu: " << quick;
  }
  EXPECT_GT(largest_difference(testing::plain_vit(testing::random_vit(), pixels, true),
                               testing::plain_vit(testing::random_vit(), pixels, false)),
            1e-3);
}

TEST(Siglip, EqualsThePlainFormula) {
  const at::Tensor pixels = random_pixels(3, 14);
  const at::Tensor expected = testing::plain_siglip(testing::random_siglip(), pixels);
  EXPECT_LT(largest_difference(CpuEncoder(testing::random_siglip(), kByTanh).encode(pixels), expected), 1e-5);
}

TEST(ResNet, EqualsThePlainFormula) {
  const at::Tensor pixels = random_pixels(2, 64);
  const at::Tensor expected = testing::plain_resnet(testing::random_resnet(), pixels);
  EXPECT_LT(largest_difference(CpuEncoder(testing::random_resnet()).encode(pixels), expected), 1e-5);
}

TEST(EfficientNet, EqualsThePlainFormula) {
  const TensorMap map = testing::random_efficientnet();
  for (const std::int64_t resolution : {64, 70, 97}) {  // strides meet even and odd sides
    const at::Tensor pixels = random_pixels(2, resolution);
    const at::Tensor expected = testing::plain_efficientnet(map, pixels);
    const auto encode = [&](EncoderOutput output) {
      return CpuEncoder(map, {.output = output, .resolution = resolution}).encode(pixels);
    };
    EXPECT_LT(largest_difference(encode(EncoderOutput::classes_and_features), expected), 1e-5) << resolution;
    EXPECT_LT(largest_difference(encode(EncoderOutput::classes), expected.narrow(1, 0, 7)), 1e-5);
    EXPECT_LT(largest_difference(encode(EncoderOutput::features), expected.narrow(1, 7, 10)), 1e-5);
  }
}

class Encoder : public ::testing::TestWithParam<Kind> {};

TEST_P(Encoder, ReadsItsSizesOffTheShapes) {
  const CpuEncoder encoder(GetParam().tensors(), GetParam().choices);
  EXPECT_EQ(encoder->kind(), GetParam().kind);
  EXPECT_EQ(encoder->resolution(), GetParam().resolution);
  EXPECT_EQ(encoder->embedding(), GetParam().embedding);
}

TEST_P(Encoder, GivesAnImageTheSameEmbeddingInAnyBatch) {
  const CpuEncoder encoder(GetParam().tensors(), GetParam().choices);
  const at::Tensor pixels = random_pixels(3, GetParam().resolution);
  const at::Tensor together = encoder.encode(pixels);
  ASSERT_EQ(together.sizes(), (c10::IntArrayRef{3, GetParam().embedding}));
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(encoder.encode(pixels.narrow(0, i, 1))[0].equal(together[i])) << "image " << i;
  }
  EXPECT_GT(largest_difference(together[0], together[1]), 1e-3);
}

TEST_P(Encoder, GivesTheSameEmbeddingWithAnyNumberOfThreads) {
  const CpuEncoder encoder(GetParam().tensors(), GetParam().choices);
  const at::Tensor pixels = random_pixels(3, GetParam().resolution);
  set_threads(1);
  const at::Tensor alone = encoder.encode(pixels);
  for (const int count : {2, 3}) {
    set_threads(count);
    EXPECT_TRUE(encoder.encode(pixels).equal(alone)) << count << " threads";
  }
  set_threads(0);
}

TEST_P(Encoder, TakesHalfPrecisionWeights) {
  TensorMap half = GetParam().tensors();
  TensorMap rounded = half;
  for (auto& [name, tensor] : half) {
    if (tensor.dim() < 2) continue;  // as published: norms stay fp32
    tensor = tensor.to(at::kHalf);
    rounded[name] = tensor.to(at::kFloat);
  }
  const at::Tensor pixels = random_pixels(1, GetParam().resolution);
  const EncoderChoices& choices = GetParam().choices;
  EXPECT_TRUE(CpuEncoder(half, choices).encode(pixels).equal(CpuEncoder(rounded, choices).encode(pixels)));
}

TEST_P(Encoder, RefusesEveryMissingTensorByName) {
  const TensorMap whole = GetParam().tensors();
  for (const auto& entry : whole) {
    const std::string& name = entry.first;
    // Without "proj" a ViT is taken for a ResNet, as a SigLIP is without its probe, an EfficientNet its stem.
    if (name == "proj" || name == "_conv_stem.weight" || name == "attnpool.probe") continue;
    // The first tensor of a block counts the blocks, so another one may be named.
    const std::string text = refusal(
        whole, [&](TensorMap& map) { map.erase(name); }, GetParam().choices);
    EXPECT_HAS(text, "clip.pt: tensor 'visual.");
  }
}

TEST_P(Encoder, RefusesUnknownTensors) {
  const std::string text = refusal(
      GetParam().tensors(),
      [](TensorMap& map) {
        map["extra"] = at::zeros({2, 3});
      },
      GetParam().choices);
  EXPECT_HAS(text, "'visual.extra'");
  EXPECT_HAS(text, "[2, 3]");
}

TEST_P(Encoder, RefusesPixelsOfAnotherSize) {
  const CpuEncoder encoder(GetParam().tensors(), GetParam().choices);
  try {
    encoder.encode(random_pixels(1, GetParam().resolution + 1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::internal);
    EXPECT_HAS(std::string(error.what()), std::to_string(GetParam().resolution));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Encoder,
    ::testing::Values(Kind{"vit", EncoderKind::vit, testing::random_vit, 12, {}},
                      Kind{"resnet", EncoderKind::resnet, testing::random_resnet, 64, {}},
                      Kind{"efficientnet", EncoderKind::efficientnet_lite, testing::random_efficientnet, 70,
                           kFeatures},
                      Kind{"siglip", EncoderKind::siglip, testing::random_siglip, 14, kByTanh, 128}),
    [](const auto& test) { return test.param.name; });

TEST(Vit, RefusesWrongShapes) {
  const TensorMap vit = testing::random_vit();
  std::string text = refusal(vit, [](TensorMap& map) { map["conv1.weight"] = at::zeros({100, 3, 4, 4}); });
  EXPECT_HAS(text, "'visual.conv1.weight': a ViT's width must be a multiple of 64");
  text = refusal(vit, [](TensorMap& map) { map["conv1.weight"] = at::zeros({128, 3, 5, 4}); });
  EXPECT_HAS(text, "expected shape [128, 3, 4, 4], found [128, 3, 5, 4]");
  text = refusal(vit, [](TensorMap& map) { map["positional_embedding"] = at::zeros({9, 128}); });
  EXPECT_HAS(text, "'visual.positional_embedding': expected n x n + 1 positions");
  text = refusal(vit, [](TensorMap& map) { map["ln_post.bias"] = at::zeros({64}); });
  EXPECT_HAS(text, "'visual.ln_post.bias': expected shape [128], found [64]");
  text = refusal(vit, [](TensorMap& map) {
    std::erase_if(map, [](const auto& entry) { return entry.first.starts_with("transformer."); });
  });
  EXPECT_HAS(text, "no blocks");
}

TEST(Siglip, RefusesWrongShapes) {
  const TensorMap siglip = testing::random_siglip();
  const auto said = [&](const char* name, const Shape& shape, std::int64_t resolution = 0) {
    return refusal(siglip, [&](TensorMap& map) { map[name] = at::zeros(shape); }, {.resolution = resolution});
  };
  EXPECT_HAS(said("positional_embedding", {10, 128}),
             "'visual.positional_embedding': expected n x n positions for a square image");
  EXPECT_HAS(said("positional_embedding", {9, 128}, 16),
             "holds 3 x 3 positions, but pictures of 16 pixels have 4 patches of 4 on a side");
  EXPECT_HAS(said("attnpool.probe", {1, 2, 128}), "expected shape [1, 1, 128], found [1, 2, 128]");
  EXPECT_HAS(said("attnpool.kv_proj.weight", {128, 128}), "expected shape [256, 128]");
  EXPECT_EQ(siglip_head_width(1152), 72);
  EXPECT_EQ(siglip_head_width(1536), 96);
}

TEST(ResNet, RefusesWrongShapes) {
  const TensorMap resnet = testing::random_resnet();
  std::string text = refusal(resnet, [](TensorMap& map) {
    map["layer1.0.conv1.weight"] = at::zeros({5, 6, 1, 1});
  });
  EXPECT_HAS(text, "'visual.layer1.0.conv1.weight': a ResNet's width must be even");
  text = refusal(resnet, [](TensorMap& map) { map["attnpool.positional_embedding"] = at::zeros({4, 192}); });
  EXPECT_HAS(text, "expected n x n + 1 positions");
  text = refusal(resnet, [](TensorMap& map) { map["layer3.0.bn2.running_var"] = at::zeros({6}); });
  EXPECT_HAS(text, "'visual.layer3.0.bn2.running_var': expected shape [24], found [6]");
  text = refusal(resnet, [](TensorMap& map) {
    std::erase_if(map, [](const auto& entry) { return entry.first.starts_with("layer4."); });
  });
  EXPECT_HAS(text, "'visual.layer4.0.conv1.weight': missing");
}

TEST(EfficientNet, RefusesWrongShapes) {
  const TensorMap net = testing::random_efficientnet();
  std::string text = refusal(net, {.output = EncoderOutput::features});
  EXPECT_HAS(text, "8 blocks are none of EfficientNet-Lite0 to 4");
  text = refusal(
      net,
      [](TensorMap& map) {
        map["_blocks.3._depthwise_conv.weight"] = at::zeros({36, 1, 4, 4});
      },
      kBoth);
  EXPECT_HAS(text, "filters must be of 3 x 3, 5 x 5 or 7 x 7, found shape [36, 1, 4, 4]");
  text = refusal(
      net, [](TensorMap& map) { map["_blocks.3._bn1.running_var"] = at::zeros({35}); }, kBoth);
  EXPECT_HAS(text, "'visual._blocks.3._bn1.running_var': expected shape [36], found [35]");
  text = refusal(
      net,
      [](TensorMap& map) {
        std::erase_if(map, [](const auto& entry) { return entry.first.starts_with("_blocks.7."); });
      },
      kBoth);
  EXPECT_HAS(text, "an EfficientNet has seven stages, but only 6 were found");
}

TEST(EncoderKind, IsNamedAsInModelJson) {
  EXPECT_EQ(name_of(EncoderKind::vit), "vit");
  EXPECT_EQ(name_of(EncoderKind::resnet), "resnet");
  EXPECT_EQ(name_of(EncoderKind::efficientnet_lite), "efficientnet-lite");
  EXPECT_EQ(name_of(EncoderKind::siglip), "siglip");
}

TEST(EfficientNet, GivesWhatTheMapperTakes) {
  const Tensors tensors = testing::as_tensors(testing::random_efficientnet());
  EXPECT_EQ(efficientnet_output(tensors, 17), EncoderOutput::classes_and_features);
  EXPECT_EQ(efficientnet_output(tensors, 10), EncoderOutput::features);
  EXPECT_EQ(efficientnet_output(tensors, 7), EncoderOutput::classes);
  EXPECT_THROW(efficientnet_output(tensors, 512), Error);
}

}  // namespace
}  // namespace caption
