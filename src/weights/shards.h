#pragma once

#include <filesystem>
#include <functional>

#include "weights/weights.h"

namespace caption {

/// The weights in a folder, as Hugging Face's programs write one: model.safetensors or pytorch_model.bin, or
/// the index of their parts. Throws Error(model) if there is none.
std::filesystem::path weights_in(const std::filesystem::path& folder);

/// Whether `path` is named as the index of a sharded checkpoint: "model.safetensors.index.json".
bool is_index(const std::filesystem::path& path);

/// Throws Error(model) if `path` is named as one part of several, "model-00001-of-00002.safetensors".
void refuse_part(const std::filesystem::path& path);

/// All parts that an index names, as one: {"weight_map": {tensor: file beside it}}. `read` reads one part.
/// Throws Error(model) that names what is missing, or there without being named.
WeightFile read_shards(const std::filesystem::path& index,
                       const std::function<WeightFile(const std::filesystem::path&)>& read);

}  // namespace caption
