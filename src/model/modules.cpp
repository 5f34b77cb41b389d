#include "model/modules.h"

#include <map>
#include <optional>
#include <utility>

#include "caption/error.h"
#include "mapper/sizes.h"
#include "model/activations.h"
#include "vision/sizes.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// The part of `file` that is asked for, or an error that says which part is missing.
Tensors require_part(std::optional<Tensors> part, const WeightFile& file, const std::string& what) {
  if (part) return std::move(*part);
  throw Error(ErrorKind::model, file.path.string() + ": holds no " + what + "; is it the right file?",
              file.path);
}

/// A transformer's activation.
Activation resolve_activation(const std::string& asked, const WeightFile& file) {
  const std::optional<std::string> recorded = recorded_activation(file);
  if (recorded && !asked.empty() && asked != *recorded) {
    throw Error(ErrorKind::model,
                file.path.string() + ": the file says that its activation is " + *recorded + ", not " + asked,
                file.path);
  }
  if (!recorded && asked.empty()) {
    throw Error(
        ErrorKind::model,
        file.path.string() +
            ": the file does not tell which activation the encoder uses: give it as quick_gelu "
            "(OpenAI's weights), gelu (most of open_clip's) or gelu_tanh (SigLIP as transformers has it)",
        file.path);
  }
  return activation_of(recorded.value_or(asked));
}

/// Heads of the mapper's attention, as its file says. ClipCap's has always as many; the PyPI package clipcap
/// takes any number, and Lightning keeps it beside the weights.
std::int64_t recorded_mapper_heads(const WeightFile& file) {
  const auto setting = [&](const char* name) -> std::int64_t {
    const auto found = file.attributes.find(std::string("hyper_parameters.") + name);
    return found == file.attributes.end() ? 0 : found->second;
  };
  if (setting("use_windowed_embeddings") != 0) {
    throw Error(ErrorKind::model,
                file.path.string() +
                    ": its mapper takes the embeddings of several parts of a picture "
                    "(use_windowed_embeddings), which is not supported",
                file.path);
  }
  if (!of_clipcap_package(file)) return kMapperHeads;
  for (const char* name : {"transformer_attention_heads", "num_attention_heads", "num_heads"})
    if (setting(name) > 0) return setting(name);
  throw Error(
      ErrorKind::model,
      file.path.string() +
          ": nothing says how many attention heads its mapper has (transformer_attention_heads of the "
          "package clipcap, 16 if nobody chose another): give their number",
      file.path);
}

EncoderOutput resolve_output(const ModuleFiles& files, const Tensors& encoder, const Tensors& mapper) {
  for (const EncoderOutput output :
       {EncoderOutput::features, EncoderOutput::classes, EncoderOutput::classes_and_features}) {
    if (files.output == name_of(output)) return output;
  }
  return efficientnet_output(encoder, read_mapper_input(mapper));
}

EncoderChoices resolve_choices(const ModuleFiles& files, const WeightFile& file, const Tensors& encoder,
                               const Tensors& mapper) {
  switch (encoder_kind(encoder)) {
    case EncoderKind::vit:
      return {.activation = resolve_activation(files.activation, file)};
    case EncoderKind::siglip:
      return {.activation = resolve_activation(files.activation, file), .resolution = files.resolution};
    case EncoderKind::resnet:
      return {};
    case EncoderKind::efficientnet_lite:
      break;
  }
  return {.activation = Activation::relu6,
          .output = resolve_output(files, encoder, mapper),
          .resolution = files.resolution};
}

}  // namespace

Tensors require_image_encoder(const WeightFile& file) {
  return require_part(image_encoder_tensors(file), file, "CLIP image encoder (visual.*)");
}

Tensors require_language_model(const WeightFile& file) {
  return require_part(language_model_tensors(file), file,
                      "GPT-2 (transformer.*); give it as a file of its own");
}

std::optional<std::string> recorded_activation(const WeightFile& file) {
  // Written by scripts/export_torchscript.py.
  if (const auto it = file.attributes.find("quick_gelu"); it != file.attributes.end()) {
    return it->second != 0 ? "quick_gelu" : "gelu";
  }
  // OpenAI's files, and they alone, hold these sizes without our attribute; all of them use QuickGELU. The
  // program that saved the file decided whether they are attributes or tensors.
  const auto holds = [&](const char* name) {
    return file.attributes.count(name) != 0 || file.tensors.count(name) != 0;
  };
  if (holds("input_resolution") && holds("context_length")) return "quick_gelu";
  return std::nullopt;
}

ModelParts read_parts(const ModuleFiles& files) {
  std::map<fs::path, WeightFile> read;
  const auto open = [&](const fs::path& path) -> const WeightFile& {
    const auto it = read.find(path);
    if (it != read.end()) return it->second;
    const WeightFile& file = read.emplace(path, read_weights(path, files.checksums)).first->second;
    require_known_names(file);
    return file;
  };
  const WeightFile& clip = open(files.clip);
  const WeightFile& gpt2 = open(files.gpt2);
  const WeightFile& mapper = open(files.mapper);
  if (files.gpt2 != files.mapper && language_model_tensors(mapper)) {
    throw Error(
        ErrorKind::model,
        files.mapper.string() +
            ": holds a GPT-2 of its own, with which its mapper was trained: use that one, and leave out " +
            files.gpt2.string(),
        files.mapper);
  }
  Tensors encoder = require_image_encoder(clip);
  Tensors language = require_language_model(gpt2);
  Tensors map = require_part(mapper_tensors(mapper), mapper, "ClipCap mapper (clip_project.*)");
  const EncoderChoices choices = resolve_choices(files, clip, encoder, map);
  std::vector<std::shared_ptr<const MappedFile>> mapped;
  for (const auto& [path, file] : read) mapped.insert(mapped.end(), file.mapped.begin(), file.mapped.end());
  return {std::move(encoder),   std::move(map),
          std::move(language),  choices,
          files.language_model, files.mapper_heads > 0 ? files.mapper_heads : recorded_mapper_heads(mapper),
          std::move(mapped)};
}

std::int64_t count_weights(const ModuleFiles& files) {
  const ModelParts parts = read_parts(files);
  return parts.encoder.count_values() + parts.mapper.count_values() + parts.gpt2.count_values();
}

void require_pair(std::int64_t given, std::int64_t taken, const ModuleFiles& files) {
  if (given == taken) return;
  throw Error(
      ErrorKind::model,
      files.mapper.string() + ": the mapper takes CLIP embeddings of width " + std::to_string(taken) +
          ", but " + files.clip.string() + " gives " + std::to_string(given) +
          ": they were not trained together (512: ViT-B/32, ViT-B/16, RN101; 640: RN50x4; 768: ViT-L/14, "
          "RN50x16, SigLIP-B; 1024: RN50, RN50x64, SigLIP-L; 1152: SigLIP-So400m)",
      files.mapper);
}

}  // namespace caption
