#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/tensors.h"

namespace caption {

/// Everything that a weight file holds.
struct WeightFile {
  std::filesystem::path path;
  std::string format;                              ///< "torchscript", "torch.save", "torch.save (legacy)", "safetensors"
  std::map<std::string, at::Tensor> tensors;       ///< by full dotted name; views of the mapped file where possible
  std::map<std::string, std::int64_t> attributes;  ///< int attributes of a TorchScript archive's top module
};

/// Reads any of the formats that we know, told by the bytes. Never runs code from the file. Throws Error(model).
WeightFile read_weights(const std::filesystem::path& path);

/// CLIP's image encoder out of `file`: names without "visual."; the text side is left out. Nothing if there is none.
std::optional<Tensors> image_encoder_tensors(const WeightFile& file);
/// ClipCap's mapper: names without "clip_project.". Nothing if there is none.
std::optional<Tensors> mapper_tensors(const WeightFile& file);
/// GPT-2: names as in Hugging Face's GPT2Model, without "gpt.", "transformer."; causal masks left out. Nothing if none.
std::optional<Tensors> language_model_tensors(const WeightFile& file);
/// Throws Error(model) naming a tensor of `file` that belongs to none of the three and is no known leftover.
void require_known_names(const WeightFile& file);

}  // namespace caption
