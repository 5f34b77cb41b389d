#pragma once

#include "model/sizes.h"

namespace caption {

/// ViT-B/32, the MLP mapper and GPT-2 (124M).
inline ModelSizes published_vit_mlp() {
  return {.encoder =
              VitSizes{.width = 768, .patch = 32, .grid = 7, .embedding = 512, .layers = 12, .hidden = 3072},
          .mapper = MlpMapperSizes{.embedding = 512, .hidden = {3840}, .prefix_length = 10},
          .gpt2 = {.vocabulary = 50257,
                   .tokens = 50257,
                   .context = 1024,
                   .width = 768,
                   .layers = 12,
                   .hidden = 3072,
                   .heads = 12}};
}

/// RN50x4, the transformer mapper and GPT-2 (124M).
inline ModelSizes published_resnet_transformer() {
  ModelSizes sizes = published_vit_mlp();
  sizes.encoder = ResNetSizes{.width = 80, .blocks = {4, 6, 10, 6}, .grid = 9, .embedding = 640};
  sizes.mapper = TransformerMapperSizes{
      .prefix_length = 40, .width = 768, .clip_length = 40, .embedding = 640, .layers = 8, .hidden = 1536};
  return sizes;
}

}  // namespace caption
