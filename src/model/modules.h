#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gpt2/gpt2.h"
#include "mapper/mapper.h"
#include "vision/encoder.h"
#include "weights/weights.h"

namespace caption {

/// Which weight files make a model; several may be one file.
struct ModuleFiles {
  std::filesystem::path clip;
  std::filesystem::path mapper;
  std::filesystem::path gpt2;
  std::string activation;  ///< "quick_gelu", "gelu", "gelu_tanh", or empty: what the CLIP file says
  Gpt2Choices language_model;
  std::int64_t mapper_heads = 0;  ///< of a transformer; 0: what the mapper's file itself says
  std::string output;             ///< as model.json has it, or empty: what the mapper takes
  std::int64_t resolution = 0;    ///< of an EfficientNet or a SigLIP; 0: see EncoderChoices
  Checksums checksums = Checksums::structure;
};

/// The three modules' tensors.
struct ModelParts {
  Tensors encoder;
  Tensors mapper;
  Tensors gpt2;
  EncoderChoices choices;      ///< what the encoder's own tensors do not tell
  Gpt2Choices language_model;  ///< and those of GPT-2
  std::int64_t mapper_heads = 0;
  std::vector<std::shared_ptr<const MappedFile>> files;
};

/// Reads the files' structure. Throws Error(model) if one of the parts is missing.
ModelParts read_parts(const ModuleFiles& files);

/// The part of a file that is asked for: names as of image_encoder_tensors and language_model_tensors. Throws
/// Error(model) if it is not there.
Tensors require_image_encoder(const WeightFile& file);
Tensors require_language_model(const WeightFile& file);

/// What a CLIP's file itself says of its activation: "quick_gelu" or "gelu". open_clip's models use exact
/// GELU or OpenAI's QuickGELU, and their shapes do not tell which.
std::optional<std::string> recorded_activation(const WeightFile& file);

/// Number of the weights that the three modules would have. Throws as read_parts.
std::int64_t count_weights(const ModuleFiles& files);

/// Throws Error(model) unless the width of the embedding that the encoder gives is the one that the mapper
/// takes.
void require_pair(std::int64_t given, std::int64_t taken, const ModuleFiles& files);

template <typename T>
struct Modules {
  std::unique_ptr<ImageEncoder<T>> encoder;
  std::unique_ptr<Mapper<T>> mapper;
  std::unique_ptr<Gpt2<T>> gpt2;
  EncoderChoices choices;         ///< the encoder's
  std::int64_t mapper_heads = 0;  ///< of a transformer
};

/// Reads the files and builds the three modules. The mapper must take what the encoder gives, so the wrong
/// pair of CLIP and captioner cannot load. Throws Error(model).
template <typename T>
Modules<T> load_modules(const ModuleFiles& files, const Compute<T>& compute) {
  ModelParts parts = read_parts(files);
  Modules<T> modules;
  modules.choices = parts.choices;
  modules.encoder = make_image_encoder<T>(std::move(parts.encoder), parts.choices, compute);
  modules.gpt2 = std::make_unique<Gpt2<T>>(std::move(parts.gpt2), compute, parts.language_model);
  modules.mapper =
      make_mapper<T>(std::move(parts.mapper), modules.gpt2->sizes().width, compute, parts.mapper_heads);
  modules.mapper_heads = parts.mapper_heads;
  require_pair(modules.encoder->embedding(), modules.mapper->embedding(), files);
  for (const auto& file : parts.files) file->release_pages();
  return modules;
}

}  // namespace caption
