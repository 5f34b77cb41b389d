#include "model/import.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "files/replacing_folder.h"
#include "kernels/matrix_sizes.h"
#include "model/activations.h"
#include "model/bundle.h"
#include "model/clip_config.h"
#include "model/import_language.h"
#include "model/modules.h"
#include "model/published.h"
#include "model/sizes.h"
#include "model/staged_copies.h"
#include "model/text_side.h"
#include "weights/shards.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

// Of a bundle's files.
constexpr const char* kClipName = "clip.pt";
constexpr const char* kCaptionerName = "captioner.pt";
constexpr const char* kMapperName = "prefix.pt";
constexpr const char* kGpt2Name = "gpt2.pt";
constexpr const char* kMergesName = "clip-merges.txt";

void require_new_name(const ImportRequest& request) {
  const bool plain = !request.name.empty() && request.name.find('/') == std::string::npos &&
                     request.name[0] != '.' && request.name[0] != '-';
  if (!plain) {
    throw Error(ErrorKind::usage,
                "the name '" + request.name + "': expected a plain name such as 'conceptual', without '/'");
  }
  std::error_code ignored;
  if (fs::exists(request.folder, ignored)) {
    throw Error(ErrorKind::usage,
                request.folder.string() + " exists already: choose another name, or remove it first",
                request.folder);
  }
}

/// Where the files come from and under which terms, as far as their hashes tell.
void name_sources(const ImportRequest& request, Manifest& manifest) {
  const Published published = read_published(request.published);
  const auto known = [&](const std::string& name) {
    const auto file = std::find_if(manifest.files.begin(), manifest.files.end(),
                                   [&](const Manifest::File& entry) { return entry.name == name; });
    return published.find_by_hash(file->sha256);
  };
  const auto add = [&](const std::string& part, const fs::path& source, const std::string& name) {
    const PublishedFile* const file = known(name);
    if (!manifest.origin.empty()) manifest.origin += "; ";
    manifest.origin += part + ": " + source.filename().string() +
                       (file == nullptr ? "" : " (" + file->title + ", sha256 verified)");
    if (!manifest.license.empty()) manifest.license += "; ";
    manifest.license += part + ": " + (file == nullptr ? "as its publishers say" : file->license);
  };
  add("encoder", request.clip, manifest.encoder.file);
  if (!request.own_captioner) add("captioner", request.captioner, manifest.mapper.file);
  if (request.gpt2) add("GPT-2", *request.gpt2, manifest.language_model.file);
  if (!request.origin.empty()) manifest.origin = request.origin;
  if (!request.license.empty()) manifest.license = request.license;
}

/// How an encoder wants its pictures: as its training had them.
Manifest::Image image_for(EncoderKind kind) {
  if (kind == EncoderKind::siglip)
    return {.fit = "stretch", .resample = "bicubic", .mean = {0.5, 0.5, 0.5}, .std = {0.5, 0.5, 0.5}};
  if (kind == EncoderKind::efficientnet_lite) {
    return {.fit = "stretch",
            .resample = "bicubic",
            .mean = {127.0 / 255, 127.0 / 255, 127.0 / 255},
            .std = {128.0 / 255, 128.0 / 255, 128.0 / 255}};
  }
  return {.fit = "crop",
          .resample = "bicubic",
          .mean = {0.48145466, 0.4578275, 0.40821073},
          .std = {0.26862954, 0.26130258, 0.27577711}};
}

Manifest::LanguageModel describe_gpt2(const std::string& file, const Gpt2Sizes& sizes,
                                      Activation activation) {
  return {.file = file,
          .width = sizes.width,
          .layers = sizes.layers,
          .heads = sizes.heads,
          .activation = activation == Activation::gelu ? "gelu" : "gelu_new",
          .vocabulary = sizes.vocabulary,
          .context = sizes.context};
}

/// Everything that the loaded modules tell; the files' hashes come when they are in place.
Manifest describe(const ImportRequest& request, const Modules<Tensor>& modules,
                  const LanguageSource& language) {
  Manifest m;
  m.name = request.name;
  m.image = image_for(modules.encoder->kind());
  m.image.resolution = modules.encoder->resolution();
  m.encoder = {kClipName, std::string(name_of(modules.encoder->kind())),
               std::string(name_of(modules.choices.output)), modules.encoder->embedding(),
               activation_name(modules.choices.activation)};
  m.mapper = {
      request.gpt2 ? kMapperName : kCaptionerName, std::string(modules.mapper->kind()),
      modules.mapper->prefix_length(),
      // The published transformer mapper was trained on normalised embeddings, the others on raw ones.
      request.normalize.value_or(modules.mapper->kind() == "transformer"), modules.mapper_heads};
  m.language_model = describe_gpt2(request.gpt2 ? kGpt2Name : kCaptionerName, modules.gpt2->sizes(),
                                   language.choices.activation);
  m.tokenizer = language.tokenizer.files;
  m.stop = language.stop;
  const std::int64_t room = m.language_model.context - m.mapper.prefix_length;
  m.stop.max_tokens = std::max<std::int64_t>(1, std::min(m.stop.max_tokens, room));
  const EncoderKind kind = modules.encoder->kind();
  const bool clip = kind == EncoderKind::vit || kind == EncoderKind::resnet;
  m.description = (clip ? "CLIP " : "") + m.encoder.kind + " " + std::to_string(m.encoder.embedding) + ", " +
                  m.mapper.kind + " mapper with a prefix of " + std::to_string(m.mapper.prefix_length) +
                  ", GPT-2 of width " + std::to_string(m.language_model.width);
  return m;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  std::ofstream stream(folder / "model.json", std::ios::binary);
  stream << to_json(manifest);
  stream.close();
  if (!stream)
    throw Error(ErrorKind::output, (folder / "model.json").string() + ": could not be written", folder);
}

/// The text side, if the CLIP has one. Captions need none: what cannot be used is only said.
FoundText find_text(const ImportRequest& request, ClipConfig config, const Manifest& manifest) {
  if (manifest.encoder.kind == "siglip") config.text_problem = "SigLIP's is not supported";
  const bool vit = manifest.encoder.kind == "vit";
  FoundText found =
      find_text_side({.clip = request.clip,
                      .merges = request.merges,
                      .activation = vit ? manifest.encoder.activation : request.activation.value_or(""),
                      .embedding = manifest.encoder.embedding,
                      .config = std::move(config)});
  if (found.text) found.text->merges = kMergesName;
  if (!found.problem.empty()) {
    log::info(printable(request.clip.string()) +
              ": its text side is left out, without which there are captions, "
              "but no similarities of pictures and texts: " +
              printable(found.problem));
  }
  return found;
}

/// How pictures are prepared, where the encoder's configuration says something.
void apply(const ClipConfig& config, const ImportRequest& request, Manifest& manifest) {
  if (config.resolution && *config.resolution != manifest.image.resolution) {
    throw Error(ErrorKind::model,
                request.clip.string() + ": its configuration says pictures of " +
                    std::to_string(*config.resolution) + " pixels, but its weights take " +
                    std::to_string(manifest.image.resolution),
                request.clip);
  }
  if (config.fit) manifest.image.fit = *config.fit;
  if (config.resample) manifest.image.resample = *config.resample;
  if (config.mean) manifest.image.mean = *config.mean;
  if (config.std) manifest.image.std = *config.std;
}

/// What the weights leave open is known, or said.
void require_known(const LanguageSource& language, const Gpt2<Tensor>& gpt2, const ImportRequest& request) {
  const fs::path& file = request.gpt2 ? *request.gpt2 : request.captioner;
  if (language.configured && language.tied && !gpt2.tied()) {
    throw Error(
        ErrorKind::model,
        file.string() +
            ": lm_head.weight is another matrix than wte.weight, but the configuration beside it does "
            "not say \"tie_word_embeddings\": false",
        file);
  }
  const Gpt2Sizes& sizes = gpt2.sizes();
  static constexpr std::array<std::int64_t, 4> kPublishedWidths = {768, 1024, 1280, 1600};
  const bool published =
      std::find(kPublishedWidths.begin(), kPublishedWidths.end(), sizes.width) != kPublishedWidths.end();
  if (language.choices.heads == 0 && !published && !request.own_captioner) {
    log::info("GPT-2 of width " + std::to_string(sizes.width) + ": " + std::to_string(sizes.heads) +
              " attention heads of 64 channels, as nothing says how many it has");
  }
  if (sizes.tokens != sizes.vocabulary) {
    log::info("GPT-2's vocabulary is padded: of its " + std::to_string(sizes.vocabulary) + " rows " +
              std::to_string(sizes.tokens) + " are tokens");
  }
}

/// Without reading the weights themselves: an error here costs no time and no disk.
void require_fitting_sizes(ModuleFiles files) {
  files.checksums = Checksums::structure;
  const ModelParts parts = read_parts(files);
  const ModelSizes sizes = read_sizes(parts);
  require_pair(sizes.embedding(), read_mapper_input(parts.mapper), files);
}

void copy_weights(const ImportRequest& request, StagedCopies& copies) {
  const auto take = [&](const fs::path& file, const std::string& name) {
    const std::vector<fs::path>& given = request.give_away;
    const bool ours = std::find(given.begin(), given.end(), file) != given.end();
    copies.add(fs::is_directory(file) ? weights_in(file) : file, name, ours);
  };
  take(request.clip, kClipName);
  take(request.captioner, request.gpt2 ? kMapperName : kCaptionerName);
  if (request.gpt2) take(*request.gpt2, kGpt2Name);
}

}  // namespace

Manifest import_bundle(const ImportRequest& request) {
  require_new_name(request);
  const LanguageSource language = find_language(request);
  const ClipConfig config = read_clip_config(request.clip);
  const ModuleFiles files{.clip = request.clip,
                          .mapper = request.captioner,
                          .gpt2 = request.gpt2.value_or(request.captioner),
                          .activation = request.activation.value_or(config.activation.value_or("")),
                          .language_model = language.choices,
                          .mapper_heads = request.mapper_heads.value_or(0),
                          .resolution = config.resolution.value_or(0),
                          .checksums = Checksums::all};
  require_fitting_sizes(files);

  const ReplacingFolder staged(request.folder);
  StagedCopies copies(staged);
  copy_weights(request, copies);
  Manifest manifest;
  LoadedFacts facts;
  {
    // What is loaded is what is copied meanwhile.
    const Modules<Tensor> modules = load_modules<Tensor>(files, {.packed = sizes_of_matrices()});
    require_known(language, *modules.gpt2, request);
    manifest = describe(request, modules, language);
    facts = facts_of(modules);
  }
  apply(config, request, manifest);
  const FoundText text = find_text(request, config, manifest);
  manifest.text = text.text;
  for (const auto& [name, source] : language.tokenizer.sources) copies.add(source, name);
  if (text.text) copies.add(text.merges, text.text->merges);
  manifest.files = copies.finish();
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const Manifest::File& a, const Manifest::File& b) { return a.name < b.name; });
  name_sources(request, manifest);
  write_manifest(staged.path(), manifest);
  const Manifest written = read_complete_manifest(staged.path());
  require_consistent(staged.path(), written, facts);
  read_parts(module_files(staged.path(), written));
  staged.keep();
  return manifest;
}

}  // namespace caption
