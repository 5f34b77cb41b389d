#include "model/text_side.h"

#include <utility>
#include <vector>

#include "caption/error.h"
#include "model/activations.h"
#include "model/bundle.h"
#include "model/modules.h"
#include "model/packed_files.h"
#include "model/packed_reader.h"
#include "weights/weights.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& folder, const Manifest& manifest) {
  const bool clip = manifest.encoder.kind == "vit" || manifest.encoder.kind == "resnet";
  throw Error(ErrorKind::usage,
              "the model '" + manifest.name + "' has no text side: " +
                  (clip ? "its CLIP was imported without; import it again, from a file that has one"
                        : "its image encoder is no CLIP (" + manifest.encoder.kind +
                              "); take a model whose encoder is one"),
              folder);
}

void require_consistent(const fs::path& folder, const Manifest& manifest, const TextSide& side) {
  const Manifest::Text& text = *manifest.text;
  const TextSizes& sizes = side.encoder.sizes();
  const std::pair<std::int64_t, std::int64_t> pairs[] = {{text.width, sizes.width},
                                                         {text.layers, sizes.layers},
                                                         {text.vocabulary, sizes.vocabulary},
                                                         {text.context, sizes.context},
                                                         {manifest.encoder.embedding, sizes.embedding},
                                                         {text.vocabulary, side.tokenizer.size()}};
  for (const auto& [said, found] : pairs) {
    if (said == found) continue;
    throw Error(ErrorKind::model,
                (folder / "model.json").string() + ": field 'text' or 'encoder' says " +
                    std::to_string(said) + ", but the files hold " + std::to_string(found),
                folder);
  }
}

/// The first of these lists of merges that has so many tokens; empty if none.
fs::path find_merges(const std::vector<fs::path>& candidates, std::int64_t vocabulary) {
  for (const fs::path& file : candidates) {
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    try {
      if (ClipTokenizer(file).size() == vocabulary) return file;
    } catch (const Error&) {  // it belongs to another tokenizer
    }
  }
  return {};
}

}  // namespace

std::unique_ptr<TextSide> load_text_side(const fs::path& folder, const Manifest& manifest,
                                         const CpuCompute& compute) {
  if (!manifest.text) refuse(folder, manifest);
  const WeightFile file = read_weights(folder / manifest.encoder.file);
  std::optional<Tensors> tensors = text_encoder_tensors(file);
  if (!tensors) {
    throw Error(ErrorKind::model,
                file.path.string() + ": has no text side, but model.json says that it has one", file.path);
  }
  auto side = std::make_unique<TextSide>(
      TextSide{ClipTokenizer(folder / manifest.text->merges),
               TextEncoder<Tensor>(std::move(*tensors), activation_of(manifest.text->activation),
                                   with_kept_matrices(folder, manifest, compute))});
  require_consistent(folder, manifest, *side);
  return side;
}

FoundText find_text_side(const TextRequest& request) {
  const WeightFile file = read_weights(request.clip);
  std::optional<Tensors> tensors = text_encoder_tensors(file);
  if (!tensors) return {};
  if (!request.config.text_problem.empty()) return {.problem = request.config.text_problem};
  const std::string activation = request.config.text_activation.value_or(
      request.activation.empty() ? recorded_activation(file).value_or("") : request.activation);
  if (activation.empty())
    return {.problem = "the file does not tell its activation: give it as quick_gelu or gelu"};
  try {
    const TextSizes sizes = read_text_sizes(*tensors);
    if (sizes.embedding != request.embedding)
      return {.problem = "its embeddings have " + std::to_string(sizes.embedding) +
                         " numbers, those of pictures " + std::to_string(request.embedding)};
    const fs::path folder = fs::is_directory(request.clip) ? request.clip : request.clip.parent_path();
    const fs::path merges = find_merges({folder / "merges.txt", request.merges}, sizes.vocabulary);
    if (merges.empty())
      return {.problem = "it has " + std::to_string(sizes.vocabulary) +
                         " tokens, which are those of no known tokenizer"};
    const TextEncoder<Tensor> whole(std::move(*tensors), activation_of(activation), CpuCompute());
    return {.text = Manifest::Text{.merges = "",
                                   .activation = activation,
                                   .width = sizes.width,
                                   .layers = sizes.layers,
                                   .vocabulary = sizes.vocabulary,
                                   .context = sizes.context},
            .merges = merges,
            .problem = ""};
  } catch (const Error& error) {
    return {.problem = error.what()};
  }
}

}  // namespace caption
