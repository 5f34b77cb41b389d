#pragma once

#include "measure/demand.h"

namespace caption {

/// ViT-B/32, the MLP mapper and GPT-2 (124M).
inline ModelShape published_vit_mlp() {
  ModelShape shape;
  shape.encoder = VitShape{768, 12, 32, 224};
  shape.embedding = 512;
  shape.mapper = MlpMapperShape{3840};
  shape.prefix = 10;
  shape.width = 768;
  shape.layers = 12;
  shape.hidden = 3072;
  shape.vocabulary = 50257;
  return shape;
}

/// RN50x4, the transformer mapper and GPT-2 (124M).
inline ModelShape published_resnet_transformer() {
  ModelShape shape = published_vit_mlp();
  shape.encoder = ResNetShape{80, {4, 6, 10, 6}, 288};
  shape.embedding = 640;
  shape.mapper = TransformerMapperShape{40, 8, 1536};
  shape.prefix = 40;
  return shape;
}

}  // namespace caption
