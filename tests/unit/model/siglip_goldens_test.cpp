// SigLIPs as transformers and open_clip write them (scripts/make_siglip_goldens.py): their embeddings are
// what these libraries give.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "layers/cpu.h"
#include "library_goldens.h"
#include "model/activations.h"
#include "model/clip_config.h"
#include "vision/encoder.h"
#include "weights/weights.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

Tensor embedding_of(const fs::path& folder, const WeightFile& golden, DType type) {
  const fs::path open_clip = folder / "open_clip_model.safetensors";
  const fs::path weights = fs::exists(open_clip) ? open_clip : folder;
  const WeightFile file = read_weights(weights, Checksums::all);
  EXPECT_NO_THROW(require_known_names(file));
  const ClipConfig config = read_clip_config(weights);
  EXPECT_EQ(config.fit, "stretch");
  const EncoderChoices choices{.activation = activation_of(config.activation.value_or("")),
                               .resolution = config.resolution.value_or(0)};
  const auto encoder =
      make_image_encoder<Tensor>(image_encoder_tensors(file).value(), choices, CpuCompute{.weights = type});
  EXPECT_EQ(encoder->kind(), EncoderKind::siglip);
  return encoder->encode(golden.tensors.at("pixels").to_fp32());
}

TEST(SiglipGoldens, EmbeddingsAreThoseOfTheLibraries) {
  const auto folders = golden_folders("siglip", "CAPTION_SIGLIP_GOLDENS");
  ASSERT_GE(folders.size(), 3U);
  for (const fs::path& folder : folders) {
    SCOPED_TRACE(folder.string());
    const WeightFile golden = read_weights(folder / "goldens.safetensors");
    const Tensor expected = golden.tensors.at("embedding");
    expect_near(embedding_of(folder, golden, DType::fp32), expected);
    expect_near(embedding_of(folder, golden, DType::bf16), expected, 0.02F);
    expect_near(embedding_of(folder, golden, DType::int8), expected, 0.05F);
  }
}

TEST(SiglipGoldens, ConfigurationsAreRead) {
  const fs::path data = fs::path(CAPTION_TEST_DATA) / "siglip";
  EXPECT_EQ(read_clip_config(data / "transformers").activation, "gelu_tanh");
  EXPECT_EQ(read_clip_config(data / "transformers").resample, "bicubic");
  EXPECT_EQ(read_clip_config(data / "transformers").resolution, 18);
  EXPECT_EQ(read_clip_config(data / "transformers_vision").activation, "gelu_tanh");
  EXPECT_EQ(read_clip_config(data / "transformers_vision").resample, "bilinear");
  EXPECT_EQ(read_clip_config(data / "open_clip").activation, "gelu");
  EXPECT_EQ(read_clip_config(data / "open_clip").resolution, 16);
}

}  // namespace
}  // namespace caption
