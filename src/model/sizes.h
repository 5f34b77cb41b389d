#pragma once

#include <cstdint>
#include <filesystem>
#include <variant>

#include "gpt2/sizes.h"
#include "mapper/sizes.h"
#include "model/modules.h"
#include "vision/sizes.h"

namespace caption {

/// A single linear layer as a mapper.
struct LinearMapperSizes {
  std::int64_t embedding = 0;      ///< D
  std::int64_t prefix_length = 0;  ///< P
};

/// All sizes of a model, as its tensors' shapes tell them.
struct ModelSizes {
  std::variant<VitSizes, ResNetSizes, EfficientNetSizes, SiglipSizes> encoder;
  std::variant<MlpMapperSizes, TransformerMapperSizes, LinearMapperSizes> mapper;
  Gpt2Sizes gpt2;

  std::int64_t embedding() const {  ///< D
    return std::visit([](const auto& sizes) { return sizes.embedding; }, encoder);
  }
  std::int64_t prefix_length() const {  ///< P
    return std::visit([](const auto& sizes) { return sizes.prefix_length; }, mapper);
  }
};

/// Throws Error(model).
ModelSizes read_sizes(const ModelParts& parts);
/// Of the bundle in `folder`.
ModelSizes read_sizes(const std::filesystem::path& folder);

}  // namespace caption
