#include "model/bundle.h"

#include <type_traits>
#include <utility>

#include "caption/error.h"
#include "model/modules.h"
#include "model/packed_files.h"
#include "model/packed_reader.h"
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

void require_manifest_true(const fs::path& folder, const Bundle& b) {
  const Manifest& m = b.manifest;
  require_equal(folder, "image.resolution", m.image.resolution, b.encoder->resolution());
  require_equal(folder, "encoder.kind", m.encoder.kind, std::string(b.encoder->kind()));
  require_equal(folder, "encoder.embedding", m.encoder.embedding, b.encoder->embedding());
  require_equal(folder, "mapper.kind", m.mapper.kind, std::string(b.mapper->kind()));
  require_equal(folder, "mapper.prefix_length", m.mapper.prefix_length, b.mapper->prefix_length());
  require_equal(folder, "language_model.width", m.language_model.width, b.gpt2->width());
  require_equal(folder, "language_model.layers", m.language_model.layers, b.gpt2->layers());
  require_equal(folder, "language_model.vocabulary", m.language_model.vocabulary, b.gpt2->vocabulary());
  require_equal(folder, "language_model.context", m.language_model.context, b.gpt2->context());
}

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder, const Manifest::TokenizerFiles& tokenizer) {
  if (tokenizer.kind == "sentencepiece") {
    return load_sentencepiece_tokenizer(folder / tokenizer.files.at("model"));
  }
  return load_gpt2_tokenizer(folder / tokenizer.files.at("vocabulary"),
                             folder / tokenizer.files.at("merges"));
}

/// With the matrices that were packed before, if there are any. They only save time, so nothing about them is
/// an error.
Compute with_packed(const fs::path& folder, const Manifest& manifest, Compute compute) {
  if (!compute.device.is_cpu() || compute.packed) return compute;
  if (const auto found = find_packed(folder, manifest, type_name(compute.weights))) {
    try {
      compute.packed = open_packed(*found);
    } catch (const Error&) {  // it vanished, or changed
    }
  }
  return compute;
}

ModuleFiles module_files(const fs::path& folder, const Manifest& m) {
  return {.clip = folder / m.encoder.file,
          .mapper = folder / m.mapper.file,
          .gpt2 = folder / m.language_model.file,
          .activation = m.encoder.activation};
}

}  // namespace

std::int64_t count_weights(const fs::path& folder) {
  return count_weights(module_files(folder, read_manifest(folder)));
}

Bundle load_bundle(const fs::path& folder, const Compute& compute) {
  Bundle bundle;
  bundle.manifest = read_manifest(folder);
  const Manifest& m = bundle.manifest;
  verify_files(folder, m, /*hashes=*/false);
  Modules modules = load_modules(module_files(folder, m), with_packed(folder, m, compute));
  bundle.encoder = std::move(modules.encoder);
  bundle.mapper = std::move(modules.mapper);
  bundle.gpt2 = std::move(modules.gpt2);
  bundle.tokenizer = load_tokenizer(folder, m.tokenizer);
  require_manifest_true(folder, bundle);

  const auto refuse = [&](const std::string& detail) {
    throw Error(ErrorKind::model, (folder / "model.json").string() + ": " + detail, folder);
  };
  if (bundle.tokenizer->size() != bundle.gpt2->vocabulary()) {
    refuse("the tokenizer has " + std::to_string(bundle.tokenizer->size()) + " tokens, the language model " +
           std::to_string(bundle.gpt2->vocabulary()) + ": they do not belong together");
  }
  if (m.stop.token >= bundle.gpt2->vocabulary()) refuse("field 'stop.token' is outside the vocabulary");
  if (m.stop.max_tokens > bundle.gpt2->context() - m.mapper.prefix_length) {
    refuse("prefix_length + max_tokens exceeds the language model's " +
           std::to_string(bundle.gpt2->context()) + " positions");
  }
  return bundle;
}

}  // namespace caption
