// CLIPs as transformers, open_clip and OpenAI write them (scripts/make_clip_goldens.py): their embeddings of
// pictures and of texts are what these libraries give.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "layers/cpu.h"
#include "library_goldens.h"
#include "model/clip_config.h"
#include "model/modules.h"
#include "model/text_side.h"
#include "vision/encoder.h"
#include "weights/weights.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What `caption models import --clip` may be given of a folder.
std::vector<fs::path> weights_of(const fs::path& folder) {
  if (fs::exists(folder / "clip.pt")) return {folder / "clip.pt"};
  if (!fs::exists(folder / "open_clip_config.json")) return {folder};
  return {folder / "open_clip_pytorch_model.bin", folder / "open_clip_model.safetensors"};
}

void expect_embedding(const fs::path& weights, const WeightFile& golden) {
  SCOPED_TRACE(weights.string());
  const WeightFile file = read_weights(weights, Checksums::all);
  EXPECT_NO_THROW(require_known_names(file));
  const ClipConfig config = read_clip_config(weights);
  const std::string activation = config.activation.value_or(recorded_activation(file).value_or(""));
  ASSERT_FALSE(activation.empty());
  std::optional<Tensors> tensors = image_encoder_tensors(file);
  ASSERT_TRUE(tensors);
  const EncoderChoices choices{.activation =
                                   activation == "gelu" ? Activation::gelu : Activation::quick_gelu};
  const auto encoder = make_image_encoder<Tensor>(std::move(*tensors), choices, CpuCompute());
  expect_near(encoder->encode(golden.tensors.at("pixels").to_fp32()), golden.tensors.at("embedding"));
}

TEST(ClipGoldens, EmbeddingsAreThoseOfTheLibraries) {
  const std::vector<fs::path> folders = golden_folders("clip", "CAPTION_CLIP_GOLDENS");
  ASSERT_GE(folders.size(), 4U);
  for (const fs::path& folder : folders) {
    const WeightFile golden = read_weights(folder / "goldens.safetensors");
    for (const fs::path& weights : weights_of(folder)) expect_embedding(weights, golden);
  }
}

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The text side that an import finds.
FoundText found_text(const fs::path& weights, std::int64_t embedding = 32) {
  return find_text_side({.clip = weights,
                         .merges = "",
                         .activation = "",
                         .embedding = embedding,
                         .config = read_clip_config(weights)});
}

void expect_text_embedding(const fs::path& folder, const fs::path& weights, const WeightFile& golden) {
  SCOPED_TRACE(weights.string());
  const FoundText found = found_text(weights, golden.tensors.at("embedding").size(1));
  ASSERT_TRUE(found.text) << found.problem;
  const ClipTokenizer tokenizer(found.merges);
  std::vector<std::vector<std::int32_t>> ids;
  for (const std::string& text : lines_of(folder / "texts.txt"))
    ids.push_back(tokenizer.encode(text, static_cast<std::size_t>(found.text->context)).ids);
  const TextEncoder<Tensor> encoder(
      *text_encoder_tensors(read_weights(weights)),
      found.text->activation == "gelu" ? Activation::gelu : Activation::quick_gelu, CpuCompute());
  const Tensor together = encoder.encode(ids, tokenizer.end()).contiguous();
  expect_near(together, golden.tensors.at("text_embedding"));
  for (std::size_t i = 0; i < ids.size(); ++i) {  // a text's embedding does not depend on the others
    const Tensor alone = encoder.encode({&ids[i], 1}, tokenizer.end()).contiguous();
    for (std::int64_t d = 0; d < alone.size(1); ++d)
      ASSERT_EQ(alone.data()[d], together.data()[static_cast<std::int64_t>(i) * alone.size(1) + d]) << i;
  }
}

TEST(ClipGoldens, TextEmbeddingsAreThoseOfTheLibraries) {
  std::size_t count = 0;
  for (const fs::path& folder : golden_folders("clip", "CAPTION_CLIP_GOLDENS")) {
    if (!fs::exists(folder / "texts.txt")) continue;
    ++count;
    const WeightFile golden = read_weights(folder / "goldens.safetensors");
    for (const fs::path& weights : weights_of(folder)) expect_text_embedding(folder, weights, golden);
  }
  EXPECT_GE(count, 4U);
}

TEST(ClipGoldens, WhereThereIsNoTextSideNoneIsFound) {
  const FoundText found = found_text(fs::path(CAPTION_TEST_DATA) / "clip" / "hugging_face_vision");
  EXPECT_FALSE(found.text);
  EXPECT_EQ(found.problem, "");
}

TEST(ClipGoldens, ATextSideThatCannotBeUsedIsSaid) {
  const fs::path weights =
      fs::path(CAPTION_TEST_DATA) / "clip" / "open_clip_gelu" / "open_clip_model.safetensors";
  TextRequest request{
      .clip = weights, .merges = "", .activation = "", .embedding = 32, .config = read_clip_config(weights)};
  request.embedding = 64;
  EXPECT_EQ(find_text_side(request).problem, "its embeddings have 32 numbers, those of pictures 64");
  request.embedding = 32;
  request.config.text_problem = "it is another one";
  EXPECT_EQ(find_text_side(request).problem, "it is another one");
  request.config = {};
  EXPECT_EQ(find_text_side(request).problem,
            "the file does not tell its activation: give it as quick_gelu or gelu");
  request.activation = "quick_gelu";
  EXPECT_EQ(find_text_side(request).text->activation, "quick_gelu");
}

TEST(ClipGoldens, TheOtherActivationWouldBeSeen) {
  const fs::path folder = fs::path(CAPTION_TEST_DATA) / "clip" / "hugging_face_vision";
  const WeightFile golden = read_weights(folder / "goldens.safetensors");
  std::optional<Tensors> tensors = image_encoder_tensors(read_weights(folder));
  const auto encoder =
      make_image_encoder<Tensor>(std::move(*tensors), {.activation = Activation::quick_gelu}, CpuCompute());
  const Tensor found = encoder->encode(golden.tensors.at("pixels").to_fp32()).contiguous();
  const Tensor expected = golden.tensors.at("embedding").to_fp32();
  float difference = 0;
  for (std::int64_t i = 0; i < expected.numel(); ++i)
    difference = std::max(difference, std::abs(expected.data()[i] - found.data()[i]));
  EXPECT_GT(difference, 1e-3F);
}

}  // namespace
}  // namespace caption
