#include "train/start_of_parts.h"

#include <system_error>
#include <utility>

#include "caption/error.h"
#include "gpt2/sizes.h"
#include "model/import.h"
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
  const std::optional<Tensors> encoder = image_encoder_tensors(read_weights(clip));
  if (!encoder)
    throw Error(ErrorKind::model,
                clip.string() + ": holds no CLIP image encoder (visual.*); is it the right file?", clip);
  switch (encoder_kind(*encoder)) {
    case EncoderKind::vit:
      return read_vit_sizes(*encoder).embedding;
    case EncoderKind::resnet:
      return read_resnet_sizes(*encoder).embedding;
    case EncoderKind::efficientnet_lite:
      break;
  }
  return read_efficientnet_sizes(*encoder, EncoderOutput::classes_and_features).embedding;
}

std::int64_t width_of(const fs::path& gpt2) {
  const std::optional<Tensors> language = language_model_tensors(read_weights(gpt2));
  if (!language)
    throw Error(ErrorKind::model, gpt2.string() + ": holds no GPT-2 (transformer.*); is it the right file?",
                gpt2);
  return read_gpt2_sizes(*language).width;
}

}  // namespace

void make_start(const StartParts& parts, const fs::path& folder) {
  const std::int64_t width = parts.gpt2 ? width_of(*parts.gpt2) : parts.new_gpt2.width;
  NamedTensors weights = make_mapper_weights(parts.mapper, embedding_of(parts.clip), width, parts.seed);
  if (!parts.gpt2) {  // in the place of the one to come, whose tokenizer is not there yet
    NewGpt2 place = parts.new_gpt2;
    place.vocabulary = kGpt2Vocabulary;
    place.context = kGpt2Context;
    weights.merge(make_gpt2_weights(place, parts.seed));
  }
  const fs::path captioner = folder.string() + ".safetensors";
  write_safetensors(captioner, weights);
  import_bundle({.clip = parts.clip,
                 .captioner = captioner,
                 .gpt2 = parts.gpt2,
                 .name = parts.clip.stem().string(),
                 .folder = folder,
                 .tokenizer = parts.tokenizer,
                 .activation = parts.activation,
                 .published = parts.published,
                 .own_captioner = true,
                 .give_away = {captioner}});
  std::error_code ignored;
  fs::remove(captioner, ignored);
}

}  // namespace caption
