// Every kind of model on the test device: the CPU's captions.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aten.h"
#include "caption/explanation.h"
#include "device_captions.h"

namespace caption {
namespace {

TEST_P(DeviceCaptions, AreTheCpus) {
  const auto cpu = load_on_cpu();
  const auto device = load();
  const std::vector<Picture> images = pictures(*cpu);
  for (const int beam : {1, 3, 5, 10}) {
    SCOPED_TRACE("beam " + std::to_string(beam));
    const DecodeOptions options{.beam = beam, .n_best = beam};
    expect_equal(device->caption(images, options), cpu->caption(images, options));
  }
  SCOPED_TRACE("other rankings");
  const DecodeOptions other{
      .beam = 4, .n_best = 3, .max_tokens = 7, .temperature = 1.5, .length_penalty = 0.3};
  expect_equal(device->caption(images, other), cpu->caption(images, other));
}

TEST_P(DeviceCaptions, AreDrawnAsOnTheCpu) {
  const auto cpu = load_on_cpu();
  const auto device = load();
  const auto resizing = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const DecodeOptions options{.n_best = 3, .sample = true, .top_k = 20, .top_p = 0.9, .seed = 4};
  const auto expected = cpu->caption(images, options);
  expect_equal(device->caption(images, options), expected);
  expect_equal(resizing->caption(pictures(*resizing), options), expected);
}

TEST_P(DeviceCaptions, AreTheCpusForImagesThatTheDeviceResizes) {
  const auto cpu = load_on_cpu();
  const auto device = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const std::vector<Picture> unsized = pictures(*device);
  const DecodeOptions options{.beam = 3, .n_best = 3};
  expect_equal(device->caption(unsized, options), cpu->caption(images, options));

  const Explanation expected = cpu->explain(images[0], options, {.grid = 2, .text = "a picture"});
  const Explanation actual = device->explain(unsized[0], options, {.grid = 2, .text = "a picture"});
  ASSERT_EQ(actual.words.size(), expected.words.size());
  for (std::size_t w = 0; w < expected.words.size(); ++w) {
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(actual.words[w].heat.at(i), expected.words[w].heat.at(i), 1e-3) << w << " " << i;
  }
}

TEST_P(DeviceCaptions, PicturesHaveTheirThumbnails) {
  const auto device = load_resizing();
  std::ifstream stream(kData / "images" / "wide.png", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const Picture picture = device->prepare(std::as_bytes(std::span(text)), {.thumbnail = 16});
  EXPECT_TRUE(std::holds_alternative<PlannedImage>(picture.image->content));
  EXPECT_FALSE(picture.thumbnail.empty());
}

/// Results that nobody waits for: what is still being encoded must not find its memory taken.
TEST_P(DeviceCaptions, MayBeGivenUpHalfWay) {
  auto device = load();
  const std::vector<Picture> images = pictures(*device);
  auto stream = device->schedule({.beam = 3}, {.encode_batch = 2, .decode_batch = 2});
  for (std::size_t i = 0; i < 2; ++i) stream->add(i, images[i]);
  stream->advance();
  for (std::size_t i = 2; i < 4; ++i) stream->add(i, images[i]);
  stream->advance();
  stream.reset();
  device.reset();
}

TEST_P(DeviceCaptions, ComeOneAfterTheOther) {
  const auto cpu = load_on_cpu();
  const auto device = load_resizing();
  const std::vector<Picture> images = pictures(*cpu);
  const std::vector<Picture> unsized = pictures(*device);
  const DecodeOptions options{.beam = 3, .n_best = 2};
  std::vector<std::vector<Caption>> captions(12);
  const auto stream = device->schedule(options, {.encode_batch = 2, .decode_batch = 3});
  for (std::size_t next = 0; next < 12 || !stream->idle();) {
    while (next < 12 && stream->room() > 0) {
      stream->add(next, next % 3 == 0 ? images[next % 4] : unsized[next % 4]);
      ++next;
    }
    for (ScheduledCaptions& result : stream->advance())
      captions.at(result.image) = std::move(result.captions);
  }
  std::vector<std::vector<Caption>> expected;
  while (expected.size() < captions.size()) {
    for (auto& one : cpu->caption(images, options)) expected.push_back(std::move(one));
  }
  expect_equal(captions, expected);
}

/// fp16 weights and activations stay as close as 11 bits allow.
TEST_P(DeviceCaptions, HalfPrecisionStaysClose) {
  const bool resnet = std::string(GetParam()).starts_with("resnet");
  const auto captioner = load_on_cpu();
  const Bundle<Tensor> exact = load_cpu_bundle(kData / GetParam(), {});
  const Bundle<at::Tensor> half = load_modules(DType::fp16);
  const auto there = [](const Tensor& x) { return to_aten(x).to(accelerator::device()); };
  const auto difference = [](const at::Tensor& actual, const Tensor& expected) {
    EXPECT_EQ(actual.scalar_type(), at::kFloat);
    const at::Tensor theirs = to_aten(expected);
    return largest_difference(actual.cpu(), theirs) / theirs.abs().max().item<double>();
  };
  const at::InferenceMode no_gradients;
  for (const Picture& image : pictures(*captioner)) {
    const Tensor pixels = stack_pixels({&image, 1}, static_cast<int>(exact.encoder->resolution()));
    const Tensor embedding = embedding_of(exact, pixels);
    EXPECT_LT(difference(embedding_of(half, there(pixels)), embedding), resnet ? 0.03 : 0.003);
    const Tensor prefix = exact.mapper->map(embedding);
    EXPECT_LT(difference(half.mapper->map(there(embedding)), prefix), 0.003);
    const Tensor logits = Gpt2Session<Tensor>(*exact.gpt2).step({}, {}, prefix);
    const at::Tensor narrow = Gpt2Session<at::Tensor>(*half.gpt2).step({}, {}, there(prefix));
    EXPECT_LT(difference(narrow, logits), 0.002);
    EXPECT_GT(difference(narrow, logits), 1e-5) << "the type was not used";
  }
  // Searched with narrow weights: the scores are those that the CPU gives to the same tokens, nearly.
  const auto device = load(DType::fp16);
  const std::vector<Picture> images = pictures(*captioner);
  const auto captions = device->caption(images, {.beam = 5});
  const auto expected = captioner->caption(images, {.beam = 5});
  for (std::size_t i = 0; i < captions.size(); ++i)
    EXPECT_NEAR(captions[i][0].mean_logprob, expected[i][0].mean_logprob, 0.02) << i;
}

INSTANTIATE_TEST_SUITE_P(Models, DeviceCaptions, ::testing::Values("vit-mlp", "resnet-transformer"),
                         [](const auto& model) {
                           std::string name = model.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace caption
