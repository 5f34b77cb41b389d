#include "mapper/sizes.h"

namespace caption {

MapperKind mapper_kind(const Tensors& tensors) {
  if (tensors.contains("prefix_const")) return MapperKind::transformer;
  return tensors.contains("weight") ? MapperKind::linear : MapperKind::mlp;
}

std::int64_t read_mapper_input(const Tensors& tensors) {
  switch (mapper_kind(tensors)) {
    case MapperKind::mlp:
      return tensors.shape("model.0.weight", 2)[1];
    case MapperKind::transformer:
      return tensors.shape("linear.weight", 2)[1];
    case MapperKind::linear:
      break;
  }
  return tensors.shape("weight", 2)[1];
}

std::int64_t read_prefix_length(const Tensors& tensors, const std::string& name, std::int64_t width) {
  const std::int64_t outputs = tensors.shape(name, 2)[0];
  if (outputs < width || outputs % width != 0) {
    tensors.fail(name, "the mapper's " + std::to_string(outputs) +
                           " outputs are not a multiple of GPT-2's width " + std::to_string(width) +
                           ": mapper and language model do not belong together");
  }
  return outputs / width;
}

MlpMapperSizes read_mlp_mapper_sizes(const Tensors& tensors, std::int64_t width) {
  MlpMapperSizes sizes;
  std::string last = "model.0.weight";
  sizes.embedding = tensors.shape(last, 2)[1];
  // Between two layers stands a tanh, which has a number, too.
  for (int number = 2; number == 2 || tensors.contains(mlp_layer(number) + ".weight"); number += 2) {
    sizes.hidden.push_back(tensors.shape(last, 2)[0]);
    last = mlp_layer(number) + ".weight";
  }
  sizes.prefix_length = read_prefix_length(tensors, last, width);
  return sizes;
}

std::string mlp_layer(int number) {
  return "model." + std::to_string(number);
}

TransformerMapperSizes read_transformer_mapper_sizes(const Tensors& tensors, std::int64_t width,
                                                     std::int64_t heads) {
  const Shape prefix = tensors.shape("prefix_const", 2);   // [P, E]
  const Shape linear = tensors.shape("linear.weight", 2);  // [C * E, D]
  TransformerMapperSizes sizes{
      prefix[0], prefix[1], 0, linear[1], tensors.count_blocks("transformer.layers."), 0, heads};
  if (sizes.width != width) {
    tensors.fail("prefix_const", "the mapper is for a GPT-2 of width " + std::to_string(sizes.width) +
                                     ", but the language model's width is " + std::to_string(width));
  }
  if (width % heads != 0) {
    tensors.fail("prefix_const", "the width of a transformer mapper must be a multiple of its " +
                                     std::to_string(heads) + " heads, found shape " + to_string(prefix));
  }
  if (linear[0] < width || linear[0] % width != 0) {
    tensors.fail("linear.weight", "expected a multiple of the width " + std::to_string(width) +
                                      " as its outputs, found shape " + to_string(linear));
  }
  if (sizes.prefix_length < 1) tensors.fail("prefix_const", "empty: shape " + to_string(prefix));
  if (sizes.layers == 0)
    tensors.fail("transformer.layers.0.norm1.weight", "missing: the mapper has no layers");
  sizes.clip_length = linear[0] / width;
  sizes.hidden = tensors.shape("transformer.layers.0.mlp.fc1.weight", 2)[0];
  return sizes;
}

}  // namespace caption
