#include "model/import.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "files/replacing_folder.h"
#include "model/bundle.h"
#include "model/clip_config.h"
#include "model/modules.h"
#include "model/published.h"
#include "model/text_side.h"
#include "model/verify_files.h"
#include "weights/shards.h"
#include "weights/write_safetensors.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStopToken = 13;  // GPT-2's "."
constexpr std::int64_t kMaxTokens = 67;
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
  if (kind == EncoderKind::efficientnet_lite) {
    return {.fit = "stretch",
            .mean = {127.0 / 255, 127.0 / 255, 127.0 / 255},
            .std = {128.0 / 255, 128.0 / 255, 128.0 / 255}};
  }
  return {.fit = "crop",
          .mean = {0.48145466, 0.4578275, 0.40821073},
          .std = {0.26862954, 0.26130258, 0.27577711}};
}

/// As model.json has it; of a ResNet the field says nothing.
std::string name_of(Activation activation) {
  if (activation == Activation::relu6) return "relu6";
  return activation == Activation::gelu ? "gelu" : "quick_gelu";
}

/// Everything that the loaded modules tell; the files' hashes come when they are in place.
Manifest describe(const ImportRequest& request, const Modules<Tensor>& modules) {
  Manifest m;
  m.name = request.name;
  m.image = image_for(modules.encoder->kind());
  m.image.resolution = modules.encoder->resolution();
  m.encoder = {"clip.pt", std::string(name_of(modules.encoder->kind())),
               std::string(name_of(modules.choices.output)), modules.encoder->embedding(),
               name_of(modules.choices.activation)};
  m.mapper = {
      request.gpt2 ? "prefix.pt" : "captioner.pt", std::string(modules.mapper->kind()),
      modules.mapper->prefix_length(),
      // The published transformer mapper was trained on normalised embeddings, the others on raw ones.
      request.normalize.value_or(modules.mapper->kind() == "transformer")};
  m.language_model = {request.gpt2 ? "gpt2.pt" : "captioner.pt", modules.gpt2->sizes().width,
                      modules.gpt2->sizes().layers, modules.gpt2->sizes().vocabulary,
                      modules.gpt2->sizes().context};
  m.tokenizer = {"gpt2-bpe", {{"vocabulary", "encoder.json"}, {"merges", "vocab.bpe"}}};
  m.stop = {kStopToken, kMaxTokens};
  const bool clip = modules.encoder->kind() != EncoderKind::efficientnet_lite;
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
FoundText find_text(const ImportRequest& request, const ClipConfig& config, const Manifest& manifest) {
  const bool vit = manifest.encoder.kind == "vit";
  FoundText found =
      find_text_side({.clip = request.clip,
                      .merges = request.merges,
                      .activation = vit ? manifest.encoder.activation : request.activation.value_or(""),
                      .embedding = manifest.encoder.embedding,
                      .config = config});
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
  if (config.mean) manifest.image.mean = *config.mean;
  if (config.std) manifest.image.std = *config.std;
}

}  // namespace

Manifest import_bundle(const ImportRequest& request) {
  require_new_name(request);
  const CpuCompute compute;
  const ClipConfig config = read_clip_config(request.clip);
  Manifest manifest = describe(
      request,
      load_modules<Tensor>({.clip = request.clip,
                            .mapper = request.captioner,
                            .gpt2 = request.gpt2.value_or(request.captioner),
                            .activation = request.activation.value_or(config.activation.value_or("")),
                            .checksums = Checksums::all},
                           compute));

  apply(config, request, manifest);
  const FoundText text = find_text(request, config, manifest);
  manifest.text = text.text;
  const ReplacingFolder staged(request.folder);
  const auto take = [&](const fs::path& file, const std::string& name) {
    const std::vector<fs::path>& given = request.give_away;
    const bool ours = std::find(given.begin(), given.end(), file) != given.end();
    const fs::path source = fs::is_directory(file) ? weights_in(file) : file;
    if (is_index(source)) {  // a bundle has one file for each part of the model
      write_safetensors(staged.path() / name, read_weights(source, Checksums::all).tensors);
    } else {
      ours ? staged.link(source, name) : staged.add(source, name);
    }
  };
  take(request.clip, manifest.encoder.file);
  take(request.captioner, manifest.mapper.file);
  if (request.gpt2) take(*request.gpt2, manifest.language_model.file);
  for (const auto& [role, name] : manifest.tokenizer.files) staged.add(request.tokenizer / name, name);
  if (text.text) staged.add(text.merges, text.text->merges);

  std::set<std::string> names = {manifest.encoder.file, manifest.mapper.file, manifest.language_model.file};
  for (const auto& [role, name] : manifest.tokenizer.files) names.insert(name);
  if (manifest.text) names.insert(manifest.text->merges);
  for (const std::string& name : names) manifest.files.push_back(describe_file(staged.path(), name));
  name_sources(request, manifest);
  write_manifest(staged.path(), manifest);
  // What will be used is what is checked: the copy.
  load_bundle<Tensor>(staged.path(), read_complete_manifest(staged.path()), compute);
  staged.keep();
  return manifest;
}

}  // namespace caption
