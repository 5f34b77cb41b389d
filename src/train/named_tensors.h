#pragma once

#include <map>
#include <string>
#include <utility>

#include "tensor/tensors.h"

namespace caption {

/// A captioner's, named as in ClipCap's checkpoints: "clip_project.model.0.weight",
/// "gpt.transformer.wte.weight".
using NamedTensors = std::map<std::string, Tensor>;

inline constexpr const char* kMapperPrefix = "clip_project.";
inline constexpr const char* kGpt2Prefix = "gpt.transformer.";

/// Those whose names begin with `prefix`, without it.
inline Tensors part_of(const NamedTensors& tensors, const std::string& prefix) {
  NamedTensors found;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
  return {"the captioner's weights", prefix, std::move(found)};
}

}  // namespace caption
