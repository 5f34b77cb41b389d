// Image encoders as transformers and open_clip write them (scripts/make_clip_goldens.py): their embeddings of
// two pictures are what these libraries give.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "layers/cpu.h"
#include "model/clip_config.h"
#include "vision/encoder.h"
#include "weights/weights.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// Of the largest number of an embedding.
constexpr float kTolerance = 2e-5F;

/// The folders with goldens: ours, and those that the script has made elsewhere.
std::vector<fs::path> golden_folders() {
  std::vector<fs::path> folders;
  std::vector<fs::path> above = {fs::path(CAPTION_TEST_DATA) / "clip"};
  if (const char* more = std::getenv("CAPTION_CLIP_GOLDENS"); more != nullptr) above.emplace_back(more);
  for (const fs::path& folder : above) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) folders.push_back(entry.path());
  }
  return folders;
}

/// What `caption models import --clip` may be given of a folder.
std::vector<fs::path> weights_of(const fs::path& folder) {
  if (!fs::exists(folder / "open_clip_config.json")) return {folder};
  return {folder / "open_clip_pytorch_model.bin", folder / "open_clip_model.safetensors"};
}

void expect_embedding(const fs::path& weights, const WeightFile& golden) {
  SCOPED_TRACE(weights.string());
  const WeightFile file = read_weights(weights, Checksums::all);
  EXPECT_NO_THROW(require_known_names(file));
  const ClipConfig config = read_clip_config(weights);
  ASSERT_TRUE(config.activation);
  std::optional<Tensors> tensors = image_encoder_tensors(file);
  ASSERT_TRUE(tensors);
  const EncoderChoices choices{.activation =
                                   *config.activation == "gelu" ? Activation::gelu : Activation::quick_gelu};
  const auto encoder = make_image_encoder<Tensor>(std::move(*tensors), choices, CpuCompute());
  const Tensor found = encoder->encode(golden.tensors.at("pixels").to_fp32()).contiguous();
  const Tensor expected = golden.tensors.at("embedding").to_fp32();
  ASSERT_EQ(found.sizes(), expected.sizes());
  float largest = 0;
  float difference = 0;
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    largest = std::max(largest, std::abs(expected.data()[i]));
    difference = std::max(difference, std::abs(expected.data()[i] - found.data()[i]));
  }
  EXPECT_GT(largest, 0.01F);
  EXPECT_LT(difference, kTolerance * largest);
}

TEST(ClipGoldens, EmbeddingsAreThoseOfTheLibraries) {
  const std::vector<fs::path> folders = golden_folders();
  ASSERT_GE(folders.size(), 4U);
  for (const fs::path& folder : folders) {
    const WeightFile golden = read_weights(folder / "goldens.safetensors");
    for (const fs::path& weights : weights_of(folder)) expect_embedding(weights, golden);
  }
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
