#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "layers/cpu.h"
#include "model/manifest.h"
#include "model/modules.h"
#include "text/tokenizer.h"

namespace caption {

/// A model, loaded: the modules that belong together.
template <typename T>
struct Bundle {
  Manifest manifest;
  std::unique_ptr<ImageEncoder<T>> encoder;  ///< [B, 3, R, R] -> [B, D]
  std::unique_ptr<Mapper<T>> mapper;         ///< [B, D] -> [B, P, E]
  std::unique_ptr<Gpt2<T>> gpt2;             ///< [B, P, E] -> logits
  std::unique_ptr<Tokenizer> tokenizer;      ///< ids -> text
};

/// Number of the bundle's weights, without reading them. Throws Error(model).
std::int64_t count_weights(const std::filesystem::path& folder);

/// What the manifest says of its GPT-2 that the weights do not tell.
Gpt2Choices gpt2_choices(const Manifest& manifest);
/// The weight files that the manifest of the bundle in `folder` names.
ModuleFiles module_files(const std::filesystem::path& folder, const Manifest& manifest);
/// The tokenizer likewise. Throws Error(model).
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder, const Manifest& manifest);

/// What the loaded modules say of themselves.
struct LoadedFacts {
  std::int64_t resolution = 0;
  std::string encoder_kind;
  std::string encoder_output;
  std::int64_t embedding = 0;
  std::string mapper_kind;
  std::int64_t prefix_length = 0;
  Gpt2Sizes gpt2;
};
template <typename T>
LoadedFacts facts_of(const Modules<T>& modules) {
  return {.resolution = modules.encoder->resolution(),
          .encoder_kind = std::string(name_of(modules.encoder->kind())),
          .encoder_output = std::string(name_of(modules.choices.output)),
          .embedding = modules.encoder->embedding(),
          .mapper_kind = std::string(modules.mapper->kind()),
          .prefix_length = modules.mapper->prefix_length(),
          .gpt2 = modules.gpt2->sizes()};
}
/// Throws Error(model) unless model.json says the same and the parts fit each other.
void require_consistent(const std::filesystem::path& folder, const Manifest& manifest,
                        const LoadedFacts& facts);

/// The manifest of the bundle in `folder`, whose files have the sizes that it lists. Throws Error(model).
Manifest read_complete_manifest(const std::filesystem::path& folder);

/// Loads the bundle in `folder`, of which `manifest` was read. Every tensor of every file must be known,
/// present and of the right shape, the parts must fit each other, and model.json must say what the files say.
/// For hashes see verify_files. Throws Error(model).
template <typename T>
Bundle<T> load_bundle(const std::filesystem::path& folder, Manifest manifest, const Compute<T>& compute) {
  Bundle<T> bundle;
  bundle.manifest = std::move(manifest);
  bundle.tokenizer = load_tokenizer(folder, bundle.manifest);
  ModuleFiles files = module_files(folder, bundle.manifest);
  files.language_model.tokens = bundle.tokenizer->size();
  Modules<T> modules = load_modules<T>(files, compute);
  require_consistent(folder, bundle.manifest, facts_of(modules));
  bundle.encoder = std::move(modules.encoder);
  bundle.mapper = std::move(modules.mapper);
  bundle.gpt2 = std::move(modules.gpt2);
  return bundle;
}

/// `compute` with the matrices of the bundle that optimize_bundle has kept, if there are some and it has
/// none.
CpuCompute with_kept_matrices(const std::filesystem::path& folder, const Manifest& manifest,
                              const CpuCompute& compute);

/// On the CPU, with the matrices that optimize_bundle has kept, if they are of these files. They only save
/// time, so nothing about them is an error.
Bundle<Tensor> load_cpu_bundle(const std::filesystem::path& folder, const CpuCompute& compute);

}  // namespace caption
