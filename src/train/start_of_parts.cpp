#include "train/start_of_parts.h"

#include <system_error>
#include <utility>

#include "model/import.h"
#include "model/modules.h"
#include "vision/sizes.h"
#include "weights/weights.h"
#include "weights/write_safetensors.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kGpt2Vocabulary = 50257;
constexpr std::int64_t kGpt2Context = 1024;

/// Of what an EfficientNet can give, the most.
std::int64_t embedding_of(const fs::path& clip) {
  const Tensors encoder = require_image_encoder(read_weights(clip));
  switch (encoder_kind(encoder)) {
    case EncoderKind::vit:
      return read_vit_sizes(encoder).embedding;
    case EncoderKind::resnet:
      return read_resnet_sizes(encoder).embedding;
    case EncoderKind::siglip:
      return read_siglip_sizes(encoder).embedding;
    case EncoderKind::efficientnet_lite:
      break;
  }
  return read_efficientnet_sizes(encoder, EncoderOutput::classes_and_features).embedding;
}

}  // namespace

void make_start(const StartParts& parts, const fs::path& folder) {
  // Without the slash that a folder may have at its end: it gives the bundle its name.
  const fs::path clip = parts.clip.has_filename() ? parts.clip : parts.clip.parent_path();
  const std::int64_t width = parts.gpt2
                                 ? require_language_model(read_weights(*parts.gpt2)).shape("wte.weight", 2)[1]
                                 : parts.new_gpt2.width;
  NamedTensors weights = make_mapper_weights(parts.mapper, embedding_of(clip), width, parts.seed);
  if (!parts.gpt2) {  // in the place of the one to come, whose tokenizer is not there yet
    NewGpt2 place = parts.new_gpt2;
    place.vocabulary = kGpt2Vocabulary;
    place.context = kGpt2Context;
    weights.merge(make_gpt2_weights(place, parts.seed));
  }
  const fs::path captioner = folder.string() + ".safetensors";
  write_safetensors(captioner, weights);
  import_bundle({.clip = clip,
                 .captioner = captioner,
                 .gpt2 = parts.gpt2,
                 .name = clip.stem().string(),
                 .folder = folder,
                 .tokenizer = parts.tokenizer,
                 .usual_tokenizer = parts.usual_tokenizer,
                 .merges = parts.merges,
                 .activation = parts.activation,
                 .published = parts.published,
                 .own_captioner = true,
                 .give_away = {captioner}});
  std::error_code ignored;
  fs::remove(captioner, ignored);
}

}  // namespace caption
