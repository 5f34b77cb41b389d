// The whole way, stage by stage, against what the Python reference wrote (scripts/make_parity_models.py).

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "model/bundle.h"
#include "caption/captioner.h"
#include "caption/explanation.h"
#include "image/image.h"
#include "weights/weights.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(CAPTION_TEST_DATA) / "parity";
const std::vector<std::string> kImages = {"wide", "tall", "square", "small"};

std::vector<std::byte> read_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto* start = reinterpret_cast<const std::byte*>(text.data());
  return {start, start + text.size()};
}

std::vector<std::int32_t> to_ids(const at::Tensor& tensor) {
  const at::Tensor ids = tensor.to(at::kInt).contiguous();
  return {ids.const_data_ptr<std::int32_t>(), ids.const_data_ptr<std::int32_t>() + ids.numel()};
}

class ParityTest : public ::testing::TestWithParam<const char*> {
 protected:
  fs::path folder() const { return kData / GetParam(); }

  /// The exact one, also where there is a GPU.
  static ModelOptions on_cpu() {
    ModelOptions options;
    options.device = "cpu";
    return options;
  }

  at::Tensor golden(const std::string& image, const std::string& stage) const {
    return goldens_.tensors.at(image + "/" + stage);
  }

  Picture picture_of(const Captioner& captioner, const std::string& image) const {
    return captioner.prepare(read_bytes(kData / "images" / (image + ".png")), {});
  }

  /// The largest difference, relative to the golden's largest value.
  static double difference(const at::Tensor& actual, const at::Tensor& expected) {
    return ((actual.reshape_as(expected) - expected).abs().max() / expected.abs().max()).item<double>();
  }

  WeightFile goldens_ = read_weights(kData / GetParam() / "goldens.safetensors");
};

TEST_P(ParityTest, PixelsAreEqual) {
  const auto captioner = load_captioner(folder(), on_cpu());
  for (const std::string& image : kImages) {
    const auto pixels = std::get<Pixels>(picture_of(*captioner, image).image);
    const at::Tensor expected = golden(image, "pixels").contiguous();
    ASSERT_EQ(static_cast<std::int64_t>(pixels.values.size()), expected.numel());
    EXPECT_TRUE(std::equal(pixels.values.begin(), pixels.values.end(), expected.const_data_ptr<float>()))
        << image;
  }
}

TEST_P(ParityTest, EveryStageIsClose) {
  constexpr double kTolerance = 2e-5;
  const Bundle bundle = load_bundle(folder(), Compute{});
  for (const std::string& image : kImages) {
    const at::Tensor embedding = bundle.encoder->encode(golden(image, "pixels").unsqueeze(0));  // [1, D]
    EXPECT_LT(difference(embedding, golden(image, "embedding")), kTolerance) << image;
    const bool normalize = bundle.manifest.mapper.normalize;
    const at::Tensor input = golden(image, normalize ? "normalized" : "embedding").unsqueeze(0);
    EXPECT_LT(difference(bundle.mapper->map(input), golden(image, "prefix")), kTolerance) << image;
    const at::Tensor prefix = golden(image, "prefix").unsqueeze(0);  // [1, P, E]
    EXPECT_LT(difference(bundle.gpt2->start().step({}, {}, prefix), golden(image, "logits")), kTolerance)
        << image;
  }
}

/// All images in one batch, every hypothesis of every width.
TEST_P(ParityTest, TokenIdsAreIdentical) {
  const auto captioner = load_captioner(folder(), on_cpu());
  std::vector<Picture> batch;
  for (const std::string& image : kImages) batch.push_back(picture_of(*captioner, image));
  for (const int beam : {1, 3, 5, 10}) {
    const auto captions = captioner->caption(batch, {.beam = beam, .n_best = beam});
    for (std::size_t i = 0; i < kImages.size(); ++i) {
      const std::string search = "beam" + std::to_string(beam) + "/";
      const at::Tensor scores = golden(kImages[i], search + "scores").to(at::kDouble).contiguous();
      ASSERT_EQ(static_cast<std::int64_t>(captions[i].size()), scores.numel());
      for (std::size_t n = 0; n < captions[i].size(); ++n) {
        const at::Tensor ids = golden(kImages[i], search + std::to_string(n) + "/tokens");
        EXPECT_EQ(captions[i][n].tokens, to_ids(ids))
            << kImages[i] << " beam " << beam << " hypothesis " << n;
        EXPECT_NEAR(captions[i][n].score, scores.const_data_ptr<double>()[n], 1e-3);
      }
    }
  }
}

/// What the reference hides pixel by pixel and scores without a cache, one version after the other.
TEST_P(ParityTest, ExplanationsAreClose) {
  constexpr double kTolerance = 2e-3;  // of losses of up to 10
  const auto captioner = load_captioner(folder(), on_cpu());
  const WeightFile goldens = read_weights(folder() / "occlusion.safetensors");
  for (const std::string& image : kImages) {
    const at::Tensor drops = goldens.tensors.at(image + "/drops").to(at::kDouble);        // [T, G, G]
    const at::Tensor logprobs = goldens.tensors.at(image + "/logprobs").to(at::kDouble);  // [T]
    const Explanation explanation = captioner->explain(picture_of(*captioner, image), {},
                                                       {.grid = static_cast<int>(drops.size(1)), .batch = 8});
    ASSERT_EQ(explanation.caption.tokens, to_ids(goldens.tensors.at(image + "/tokens"))) << image;
    for (std::size_t i = 0; i < explanation.tokens.size(); ++i) {
      const double expected = logprobs[static_cast<std::int64_t>(i)].item<double>();
      EXPECT_NEAR(explanation.tokens[i].chosen.logprob, expected, 1e-3) << image << " token " << i;
    }
    for (const ExplainedWord& word : explanation.words) {
      const auto first = static_cast<std::int64_t>(word.first_token);
      const auto count = static_cast<std::int64_t>(word.token_count);
      const at::Tensor expected = drops.slice(0, first, first + count).sum(0);  // [G, G]
      const at::Tensor heat = at::tensor(at::ArrayRef<double>(word.heat), at::kDouble).view_as(expected);
      EXPECT_LT((heat - expected).abs().max().item<double>(), kTolerance) << image << " " << word.text;
    }
  }
}

/// Narrow weights stay close to the reference, each type within what it rounds off.
TEST_P(ParityTest, NarrowWeightsStayClose) {
  // The random ResNet's embeddings are small differences of large numbers.
  const bool resnet = std::string_view(GetParam()).starts_with("resnet");
  struct Case {
    at::ScalarType type;
    double embedding;  // tolerances
    double logits;
  };
  for (const Case& narrow :
       {Case{at::kBFloat16, resnet ? 0.2 : 0.015, 0.01}, Case{at::kChar, resnet ? 0.2 : 0.05, 0.03}}) {
    const Bundle bundle = load_bundle(folder(), Compute{at::kCPU, narrow.type});
    for (const std::string& image : kImages) {
      const std::string where = image + " " + c10::toString(narrow.type);
      const at::Tensor embedding = bundle.encoder->encode(golden(image, "pixels").unsqueeze(0));  // [1, D]
      const double encoded = difference(embedding, golden(image, "embedding"));
      const at::Tensor prefix = golden(image, "prefix").unsqueeze(0);  // [1, P, E]
      const double logits = difference(bundle.gpt2->start().step({}, {}, prefix), golden(image, "logits"));
      EXPECT_LT(encoded, narrow.embedding) << where;
      EXPECT_LT(logits, narrow.logits) << where;
      EXPECT_GT(logits, 1e-4) << where << ": the type was not used";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, ParityTest, ::testing::Values("vit-mlp", "resnet-transformer"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace caption
