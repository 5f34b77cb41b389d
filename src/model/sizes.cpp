#include "model/sizes.h"

#include "model/bundle.h"

namespace caption {

ModelSizes read_sizes(const ModelParts& parts) {
  ModelSizes sizes;
  switch (encoder_kind(parts.encoder)) {
    case EncoderKind::vit:
      sizes.encoder = read_vit_sizes(parts.encoder);
      break;
    case EncoderKind::resnet:
      sizes.encoder = read_resnet_sizes(parts.encoder);
      break;
    case EncoderKind::siglip:
      sizes.encoder = read_siglip_sizes(parts.encoder, parts.choices.resolution);
      break;
    case EncoderKind::efficientnet_lite:
      sizes.encoder = read_efficientnet_sizes(parts.encoder, parts.choices.output, parts.choices.resolution);
      break;
  }
  sizes.gpt2 = read_gpt2_sizes(parts.gpt2, parts.language_model);
  const std::int64_t width = sizes.gpt2.width;
  switch (mapper_kind(parts.mapper)) {
    case MapperKind::mlp:
      sizes.mapper = read_mlp_mapper_sizes(parts.mapper, width);
      break;
    case MapperKind::transformer:
      sizes.mapper = read_transformer_mapper_sizes(parts.mapper, width, parts.mapper_heads);
      break;
    case MapperKind::linear:
      sizes.mapper = LinearMapperSizes{parts.mapper.shape("weight", 2)[1],
                                       read_prefix_length(parts.mapper, "weight", width)};
      break;
  }
  return sizes;
}

ModelSizes read_sizes(const std::filesystem::path& folder) {
  return read_sizes(read_parts(module_files(folder, read_manifest(folder))));
}

}  // namespace caption
