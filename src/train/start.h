#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "gpt2/sizes.h"
#include "mapper/sizes.h"
#include "model/manifest.h"
#include "train/training_engine.h"

namespace caption {

/// A mapper that begins with random weights.
struct NewMapper {
  MapperKind kind = MapperKind::mlp;  ///< or transformer
  std::int64_t prefix_length = 10;    ///< P
  std::int64_t clip_length = 10;      ///< C, of a transformer: positions that the embedding becomes
  std::int64_t layers = 8;            ///< of a transformer
};

/// A GPT-2 that begins with random weights.
struct NewGpt2 {
  std::int64_t width = 192;  ///< E, a multiple of kGpt2HeadWidth
  std::int64_t layers = 4;
  std::int64_t vocabulary = 4096;
  std::int64_t context = 64;
};

/// The weights of the captioner in the bundle `folder`, by ClipCap's names, in fp32. Throws Error(model).
NamedTensors read_captioner(const std::filesystem::path& folder, const Manifest& manifest);

/// The mapper's weights, initialised as PyTorch initialises its layers: what ClipCap's own training begins
/// with. `embedding` is D, `width` E. Names begin with "clip_project.".
NamedTensors make_mapper_weights(const NewMapper& mapper, std::int64_t embedding, std::int64_t width,
                                 std::uint64_t seed);

/// GPT-2's weights, initialised as its paper says and transformers does: normal with a deviation of 0.02, of
/// the residual layers 0.02 / sqrt(2 L). Names begin with "gpt.transformer.".
NamedTensors make_gpt2_weights(const NewGpt2& gpt2, std::uint64_t seed);

}  // namespace caption
