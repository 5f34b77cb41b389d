#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/tensors.h"

namespace caption {

// Sizes of ClipCap's mappers, read off the shapes of their tensors (names without "clip_project."). All throw
// Error(model) that names the tensor.

/// Heads of attention in ClipCap's transformer mapper, always. Shapes do not tell those of others.
inline constexpr std::int64_t kMapperHeads = 8;

/// Which mapper the tensors are of.
enum class MapperKind { mlp, transformer, linear };
MapperKind mapper_kind(const Tensors& tensors);

/// D, the width of the embeddings that the mapper takes.
std::int64_t read_mapper_input(const Tensors& tensors);

/// P, from the P * E outputs of the layer whose weight is `name`.
std::int64_t read_prefix_length(const Tensors& tensors, const std::string& name, std::int64_t width);

struct MlpMapperSizes {
  std::int64_t embedding = 0;        ///< D
  std::vector<std::int64_t> hidden;  ///< of the layers between: one in ClipCap's, more in some of others
  std::int64_t prefix_length = 0;    ///< P
};
/// The name of the layer with this number in an MLP: 0, 2, 4, ...
std::string mlp_layer(int number);
/// `width` is GPT-2's E, which the MLP's shapes alone do not tell.
MlpMapperSizes read_mlp_mapper_sizes(const Tensors& tensors, std::int64_t width);

struct TransformerMapperSizes {
  std::int64_t prefix_length = 0;  ///< P
  std::int64_t width = 0;          ///< E
  std::int64_t clip_length = 0;    ///< C
  std::int64_t embedding = 0;      ///< D
  std::int64_t layers = 0;
  std::int64_t hidden = 0;  ///< of the layers' MLPs
  std::int64_t heads = 0;
};
TransformerMapperSizes read_transformer_mapper_sizes(const Tensors& tensors, std::int64_t width,
                                                     std::int64_t heads = kMapperHeads);

}  // namespace caption
