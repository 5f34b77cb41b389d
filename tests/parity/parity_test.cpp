// The whole way, stage by stage, against what the Python reference wrote (scripts/make_parity_models.py).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string_view>

#include "caption/captioner.h"
#include "caption/explanation.h"
#include "gpt2/gpt2.h"
#include "image/image.h"
#include "model/bundle.h"
#include "pipeline/picture.h"
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

std::vector<std::int32_t> to_ids(const Tensor& tensor) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    ids.push_back(static_cast<std::int32_t>(tensor.reshape({-1}).select(0, i).integer()));
  return ids;
}

std::vector<float> values_of(const Tensor& tensor) {
  const Tensor values = tensor.to_fp32();
  return {values.data(), values.data() + values.numel()};
}

/// [...] -> [1, ...]
Tensor batch_of_one(const Tensor& tensor) {
  Shape shape = tensor.sizes();
  shape.insert(shape.begin(), 1);
  return tensor.reshape(shape);
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

  Tensor golden(const std::string& image, const std::string& stage) const {
    return goldens_.tensors.at(image + "/" + stage);
  }

  Picture picture_of(const Captioner& captioner, const std::string& image) const {
    return captioner.prepare(read_bytes(kData / "images" / (image + ".png")), {});
  }

  /// The largest difference, relative to the golden's largest value.
  static double difference(const Tensor& actual, const Tensor& expected) {
    const std::vector<float> found = values_of(actual);
    const std::vector<float> wanted = values_of(expected);
    double difference = found.size() == wanted.size() ? 0 : INFINITY;
    double largest = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double off = std::abs(static_cast<double>(found.at(i)) - static_cast<double>(wanted[i]));
      if (std::isnan(off)) return off;
      difference = std::max(difference, off);
      largest = std::max(largest, std::abs(static_cast<double>(wanted[i])));
    }
    return difference / largest;
  }

  WeightFile goldens_ = read_weights(kData / GetParam() / "goldens.safetensors");
};

TEST_P(ParityTest, PixelsAreEqual) {
  const auto captioner = load_captioner(folder(), on_cpu());
  for (const std::string& image : kImages) {
    const Picture picture = picture_of(*captioner, image);
    EXPECT_EQ(std::get<Pixels>(picture.image->content).values, values_of(golden(image, "pixels"))) << image;
  }
}

TEST_P(ParityTest, EveryStageIsClose) {
  constexpr double kTolerance = 2e-5;
  const Bundle<Tensor> bundle = load_cpu_bundle(folder(), {});
  for (const std::string& image : kImages) {
    const Tensor embedding = bundle.encoder->encode(batch_of_one(golden(image, "pixels")));  // [1, D]
    EXPECT_LT(difference(embedding, golden(image, "embedding")), kTolerance) << image;
    const bool normalize = bundle.manifest.mapper.normalize;
    const Tensor input = batch_of_one(golden(image, normalize ? "normalized" : "embedding"));
    EXPECT_LT(difference(bundle.mapper->map(input), golden(image, "prefix")), kTolerance) << image;
    const Tensor prefix = batch_of_one(golden(image, "prefix"));  // [1, P, E]
    EXPECT_LT(difference(Gpt2Session<Tensor>(*bundle.gpt2).step({}, {}, prefix), golden(image, "logits")),
              kTolerance)
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
      const std::vector<float> scores = values_of(golden(kImages[i], search + "scores"));
      ASSERT_EQ(captions[i].size(), scores.size());
      for (std::size_t n = 0; n < captions[i].size(); ++n) {
        const Tensor ids = golden(kImages[i], search + std::to_string(n) + "/tokens");
        EXPECT_EQ(captions[i][n].tokens, to_ids(ids))
            << kImages[i] << " beam " << beam << " hypothesis " << n;
        EXPECT_NEAR(captions[i][n].score, static_cast<double>(scores[n]), 1e-3);
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
    const Tensor drops = goldens.tensors.at(image + "/drops").to_fp32();                     // [T, G, G]
    const std::vector<float> logprobs = values_of(goldens.tensors.at(image + "/logprobs"));  // [T]
    const Explanation explanation = captioner->explain(picture_of(*captioner, image), {},
                                                       {.grid = static_cast<int>(drops.size(1)), .batch = 8});
    ASSERT_EQ(explanation.caption.tokens, to_ids(goldens.tensors.at(image + "/tokens"))) << image;
    for (std::size_t i = 0; i < explanation.tokens.size(); ++i) {
      const auto expected = static_cast<double>(logprobs.at(i));
      EXPECT_NEAR(explanation.tokens[i].chosen.logprob, expected, 1e-3) << image << " token " << i;
    }
    for (const ExplainedWord& word : explanation.words) {
      std::vector<double> expected(word.heat.size());  // [G, G]
      for (std::size_t t = word.first_token; t < word.first_token + word.token_count; ++t) {
        const std::vector<float> drop = values_of(drops.select(0, static_cast<std::int64_t>(t)));
        ASSERT_EQ(drop.size(), expected.size());
        for (std::size_t cell = 0; cell < drop.size(); ++cell)
          expected[cell] += static_cast<double>(drop[cell]);
      }
      for (std::size_t cell = 0; cell < expected.size(); ++cell)
        EXPECT_NEAR(word.heat[cell], expected[cell], kTolerance) << image << " " << word.text;
    }
  }
}

/// Narrow weights stay close to the reference, each type within what it rounds off.
TEST_P(ParityTest, NarrowWeightsStayClose) {
  // The random ResNet's embeddings are small differences of large numbers.
  const bool resnet = std::string_view(GetParam()).starts_with("resnet");
  struct Case {
    DType type;
    double embedding;  // tolerances
    double logits;
  };
  for (const Case& narrow :
       {Case{DType::bf16, resnet ? 0.2 : 0.015, 0.01}, Case{DType::int8, resnet ? 0.2 : 0.05, 0.03}}) {
    const Bundle<Tensor> bundle = load_cpu_bundle(folder(), {narrow.type});
    for (const std::string& image : kImages) {
      const std::string where = image + " " + std::string(name_of(narrow.type));
      const Tensor embedding = bundle.encoder->encode(batch_of_one(golden(image, "pixels")));  // [1, D]
      const double encoded = difference(embedding, golden(image, "embedding"));
      const Tensor prefix = batch_of_one(golden(image, "prefix"));  // [1, P, E]
      const double logits =
          difference(Gpt2Session<Tensor>(*bundle.gpt2).step({}, {}, prefix), golden(image, "logits"));
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
