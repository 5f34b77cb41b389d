#include "cli/train/beginning.h"

#include <cstdint>
#include <system_error>
#include <vector>

#include "caption/error.h"
#include "cli/installation.h"
#include "cli/locate_model.h"
#include "files/small_file.h"
#include "model/bundle.h"
#include "train/start_of_parts.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kUsualPrefix = 10;
constexpr int kTokensOfNew = 30;  // of a caption, where nothing else says it

/// A tokenizer of the captions' own, in the training's folder; the one that is there, if there is one.
fs::path make_tokenizer(const TrainConfig& config, const std::vector<CaptionedPicture>& pictures) {
  const fs::path folder = config.out / "training";
  std::error_code ignored;
  if (config.resume && fs::exists(folder / "tokenizer.model", ignored)) return folder;
  std::vector<std::string> texts;
  for (const CaptionedPicture& picture : pictures)
    for (const std::string& caption : picture.captions) texts.push_back(tidy(caption));
  replace_small_file(folder / "tokenizer.model",
                     train_sentencepiece(texts, static_cast<std::int32_t>(config.parts.sizes.vocabulary)));
  return folder;
}

NewMapper mapper_of(const NewParts& parts) {
  NewMapper mapper = parts.transformer;
  mapper.kind = parts.mapper.value_or(MapperKind::mlp);
  mapper.prefix_length = parts.prefix_length.value_or(kUsualPrefix);
  return mapper;
}

}  // namespace

fs::path make_or_find_start(const TrainConfig& config) {
  if (!config.files.clip) return config.model.empty() ? locate_default_model() : locate_model(config.model);
  const fs::path folder = config.out / "training" / "start";
  std::error_code ignored;
  if (config.resume && fs::exists(folder / "model.json", ignored)) return folder;
  fs::remove_all(folder, ignored);
  const Installation installation = find_installation();
  make_start({.clip = *config.files.clip,
              .gpt2 = config.files.gpt2,
              .tokenizer = config.files.tokenizer.value_or(fs::path()),
              .usual_tokenizer = installation.tokenizer,
              .merges = installation.merges,
              .activation = config.files.activation,
              .mapper = mapper_of(config.parts),
              .new_gpt2 = config.parts.sizes,
              .seed = config.learning.seed,
              .published = installation.published},
             folder);
  return folder;
}

Beginning begin(const TrainConfig& config, const fs::path& folder, const Manifest& start,
                const Division& pictures) {
  Beginning beginning{folder, start, {}};
  Manifest& manifest = beginning.manifest;
  const NewParts& parts = config.parts;
  const NewMapper mapper = mapper_of(parts);
  std::int64_t width = manifest.language_model.width;
  if (parts.gpt2) {
    NewGpt2 sizes = parts.sizes;
    width = sizes.width;
    manifest.stop = {{1}, {}, config.max_tokens > 0 ? config.max_tokens : kTokensOfNew};
    manifest.language_model.heads = width / kGpt2HeadWidth;
    manifest.language_model.activation = "gelu_new";
    sizes.context = mapper.prefix_length + manifest.stop.max_tokens;
    beginning.tokenizer = make_tokenizer(config, pictures.learnt);
    manifest.tokenizer = {"sentencepiece", {{"model", "tokenizer.model"}}, false};
    beginning.weights = make_gpt2_weights(sizes, config.learning.seed);
  } else {
    beginning.weights = read_captioner(folder, manifest);
    if (config.max_tokens > 0) manifest.stop.max_tokens = config.max_tokens;
  }
  if (parts.mapper || parts.gpt2) {
    std::erase_if(beginning.weights,
                  [](const auto& entry) { return entry.first.starts_with(kMapperPrefix); });
    beginning.weights.merge(
        make_mapper_weights(mapper, manifest.encoder.embedding, width, config.learning.seed));
    // As the published mappers were trained.
    manifest.mapper.normalize = mapper.kind == MapperKind::transformer;
    manifest.mapper.prefix_length = mapper.prefix_length;
    manifest.mapper.heads = kMapperHeads;
  }
  const std::int64_t context = part_of(beginning.weights, kGpt2Prefix).shape("wpe.weight", 2)[0];
  if (manifest.mapper.prefix_length + manifest.stop.max_tokens > context)
    throw Error(ErrorKind::usage, "a prefix of " + std::to_string(manifest.mapper.prefix_length) + " and " +
                                      std::to_string(manifest.stop.max_tokens) +
                                      " tokens do not fit into GPT-2's " + std::to_string(context) +
                                      " positions: --max-tokens allows fewer");
  return beginning;
}

void name_result(const TrainConfig& config, const Division& pictures, const std::string& start,
                 Manifest& manifest) {
  fs::path out = config.out;
  if (!out.has_filename()) out = out.parent_path();
  manifest.name = out.filename().string();
  manifest.unsure_below.reset();  // that was measured of other weights
  manifest.unsure_prompt.clear();
  manifest.origin = "Trained by caption train on captions of " + std::to_string(pictures.learnt.size()) +
                    " pictures, from the model '" + start + "': " + manifest.origin;
  manifest.license = "Trained on captions and pictures of your own; what it began with: " + manifest.license;
}

}  // namespace caption::cli
