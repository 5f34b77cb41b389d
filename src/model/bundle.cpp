#include "model/bundle.h"

#include <type_traits>
#include <utility>

#include "caption/error.h"
#include "model/modules.h"
#include "model/packed_files.h"
#include "model/packed_reader.h"
#include "model/tokenizer_files.h"
#include "model/verify_files.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// One comparison of model.json with what the files hold.
template <typename T>
void require_equal(const fs::path& folder, const char* field, const T& manifest, const T& files) {
  if (manifest == files) return;
  const auto text = [](const auto& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      return value;
    } else {
      return std::to_string(value);
    }
  };
  throw Error(ErrorKind::model,
              (folder / "model.json").string() + ": field '" + field + "' says " + text(manifest) +
                  ", but the files hold " + text(files),
              folder);
}

}  // namespace

std::int64_t count_weights(const fs::path& folder) {
  return count_weights(module_files(folder, read_manifest(folder)));
}

Gpt2Choices gpt2_choices(const Manifest& manifest) {
  const bool exact = manifest.language_model.activation == "gelu";
  return {.heads = manifest.language_model.heads,
          .activation = exact ? Activation::gelu : Activation::gelu_tanh};
}

ModuleFiles module_files(const fs::path& folder, const Manifest& manifest) {
  return {.clip = folder / manifest.encoder.file,
          .mapper = folder / manifest.mapper.file,
          .gpt2 = folder / manifest.language_model.file,
          .activation = manifest.encoder.activation,
          .language_model = gpt2_choices(manifest),
          .mapper_heads = manifest.mapper.heads,
          .output = manifest.encoder.output,
          .resolution = manifest.image.resolution};
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder, const Manifest& manifest) {
  return load_tokenizer(manifest.tokenizer, [&](const std::string& name) { return folder / name; });
}

Manifest read_complete_manifest(const fs::path& folder) {
  Manifest manifest = read_manifest(folder);
  verify_files(folder, manifest, /*hashes=*/false);
  return manifest;
}

void require_consistent(const fs::path& folder, const Manifest& manifest, const LoadedFacts& facts) {
  const Manifest& m = manifest;
  require_equal(folder, "image.resolution", m.image.resolution, facts.resolution);
  require_equal(folder, "encoder.kind", m.encoder.kind, facts.encoder_kind);
  require_equal(folder, "encoder.output", m.encoder.output, facts.encoder_output);
  require_equal(folder, "encoder.embedding", m.encoder.embedding, facts.embedding);
  require_equal(folder, "mapper.kind", m.mapper.kind, facts.mapper_kind);
  require_equal(folder, "mapper.prefix_length", m.mapper.prefix_length, facts.prefix_length);
  require_equal(folder, "language_model.width", m.language_model.width, facts.gpt2.width);
  require_equal(folder, "language_model.layers", m.language_model.layers, facts.gpt2.layers);
  require_equal(folder, "language_model.heads", m.language_model.heads, facts.gpt2.heads);
  require_equal(folder, "language_model.vocabulary", m.language_model.vocabulary, facts.gpt2.vocabulary);
  require_equal(folder, "language_model.context", m.language_model.context, facts.gpt2.context);
  const auto refuse = [&](const std::string& detail) {
    throw Error(ErrorKind::model, (folder / "model.json").string() + ": " + detail, folder);
  };
  for (const std::int64_t token : m.stop.tokens)
    if (token >= facts.gpt2.tokens) refuse("field 'stop.tokens' has one outside of the vocabulary");
  if (m.stop.max_tokens > facts.gpt2.context - m.mapper.prefix_length) {
    refuse("prefix_length + max_tokens exceeds the language model's " + std::to_string(facts.gpt2.context) +
           " positions");
  }
}

CpuCompute with_kept_matrices(const fs::path& folder, const Manifest& manifest, const CpuCompute& compute) {
  CpuCompute with_packed = compute;
  if (!compute.packed) {
    if (const auto found = find_packed(folder, manifest, std::string(name_of(compute.weights)))) {
      try {
        with_packed.packed = open_packed(*found);
      } catch (const Error&) {  // it vanished, or changed
      }
    }
  }
  return with_packed;
}

Bundle<Tensor> load_cpu_bundle(const fs::path& folder, const CpuCompute& compute) {
  Manifest manifest = read_complete_manifest(folder);
  const CpuCompute with_packed = with_kept_matrices(folder, manifest, compute);
  return load_bundle<Tensor>(folder, std::move(manifest), with_packed);
}

}  // namespace caption
