#pragma once

#include <cstdint>
#include <string>

#include "tensor/tensors.h"

namespace caption {

// Sizes of ClipCap's mappers, read off the shapes of their tensors (names without "clip_project."). All throw
// Error(model) that names the tensor.

/// The published transformer mapper always has so many heads.
inline constexpr std::int64_t kMapperHeads = 8;

/// Which mapper the tensors are of.
enum class MapperKind { mlp, transformer, linear };
MapperKind mapper_kind(const Tensors& tensors);

/// D, the width of the embeddings that the mapper takes.
std::int64_t read_mapper_input(const Tensors& tensors);

/// P, from the P * E outputs of the layer whose weight is `name`.
std::int64_t read_prefix_length(const Tensors& tensors, const std::string& name, std::int64_t width);

struct MlpMapperSizes {
  std::int64_t embedding = 0;      ///< D
  std::int64_t hidden = 0;         ///< of the layer between
  std::int64_t prefix_length = 0;  ///< P
};
/// `width` is GPT-2's E, which the MLP's shapes alone do not tell.
MlpMapperSizes read_mlp_mapper_sizes(const Tensors& tensors, std::int64_t width);

struct TransformerMapperSizes {
  std::int64_t prefix_length = 0;  ///< P
  std::int64_t width = 0;          ///< E
  std::int64_t clip_length = 0;    ///< C
  std::int64_t embedding = 0;      ///< D
  std::int64_t layers = 0;
  std::int64_t hidden = 0;  ///< of the layers' MLPs
};
TransformerMapperSizes read_transformer_mapper_sizes(const Tensors& tensors, std::int64_t width);

}  // namespace caption
