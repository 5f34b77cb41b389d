#include "measure/model_shape.h"

#include <string>
#include <utility>

#include "model/manifest.h"
#include "caption/error.h"
#include "weights/weights.h"

namespace caption {
namespace {

int narrow(std::int64_t size) {
  return static_cast<int>(size);
}

Tensors require(std::optional<Tensors> part, const WeightFile& file) {
  if (part) return std::move(*part);
  throw Error(ErrorKind::model, file.path.string() + ": holds another part of the model than model.json says",
              file.path);
}

std::variant<VitShape, ResNetShape> encoder_shape(const Tensors& tensors, const Manifest& manifest) {
  const int resolution = narrow(manifest.image.resolution);
  if (manifest.encoder.kind == "vit") {
    const Shape conv = tensors.shape("conv1.weight", 4);  // [W, 3, p, p]
    return VitShape{narrow(conv[0]), narrow(tensors.count_blocks("transformer.resblocks.")), narrow(conv[3]),
                    resolution};
  }
  ResNetShape shape{narrow(tensors.shape("layer1.0.conv1.weight", 4)[0]), {}, resolution};
  for (std::size_t stage = 0; stage < shape.blocks.size(); ++stage)
    shape.blocks[stage] = narrow(tensors.count_blocks("layer" + std::to_string(stage + 1) + "."));
  return shape;
}

std::variant<MlpMapperShape, TransformerMapperShape> mapper_shape(const Tensors& tensors,
                                                                  const Manifest& manifest) {
  if (manifest.mapper.kind == "mlp")
    return MlpMapperShape{narrow(tensors.shape("model.0.weight", 2)[0])};  // [hidden, D]
  const std::int64_t outputs = tensors.shape("linear.weight", 2)[0];       // [C * E, D]
  return TransformerMapperShape{
      narrow(outputs / manifest.language_model.width), narrow(tensors.count_blocks("transformer.layers.")),
      narrow(tensors.shape("transformer.layers.0.mlp.fc1.weight", 2)[0])};  // [hidden, E]
}

}  // namespace

std::optional<ModelShape> model_shape(const std::filesystem::path& folder) {
  const Manifest manifest = read_manifest(folder);
  if (manifest.mapper.kind == "linear") return std::nullopt;
  const WeightFile clip = read_weights(folder / manifest.encoder.file);
  const WeightFile map = read_weights(folder / manifest.mapper.file);
  const WeightFile gpt2 = read_weights(folder / manifest.language_model.file);
  ModelShape shape;
  shape.encoder = encoder_shape(require(image_encoder_tensors(clip), clip), manifest);
  shape.embedding = narrow(manifest.encoder.embedding);
  shape.mapper = mapper_shape(require(mapper_tensors(map), map), manifest);
  shape.prefix = narrow(manifest.mapper.prefix_length);
  shape.width = narrow(manifest.language_model.width);
  shape.layers = narrow(manifest.language_model.layers);
  shape.hidden =
      narrow(require(language_model_tensors(gpt2), gpt2).shape("h.0.mlp.c_fc.weight", 2)[1]);  // [E, hidden]
  shape.vocabulary = narrow(manifest.language_model.vocabulary);
  return shape;
}

}  // namespace caption
