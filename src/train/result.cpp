#include "train/result.h"

#include <system_error>
#include <utility>

#include "caption/error.h"
#include "files/small_file.h"
#include "gpt2/sizes.h"
#include "mapper/sizes.h"
#include "model/verify_files.h"
#include "weights/write_safetensors.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// What the weights' shapes say of the parts.
void describe_parts(const NamedTensors& weights, Manifest& manifest) {
  const Gpt2Sizes gpt2 =
      read_gpt2_sizes(part_of(weights, kGpt2Prefix), {.heads = manifest.language_model.heads});
  const Tensors mapper = part_of(weights, kMapperPrefix);
  manifest.language_model.width = gpt2.width;
  manifest.language_model.layers = gpt2.layers;
  manifest.language_model.vocabulary = gpt2.vocabulary;
  manifest.language_model.context = gpt2.context;
  switch (mapper_kind(mapper)) {
    case MapperKind::mlp:
      manifest.mapper.kind = "mlp";
      manifest.mapper.prefix_length = read_mlp_mapper_sizes(mapper, gpt2.width).prefix_length;
      break;
    case MapperKind::transformer:
      manifest.mapper.kind = "transformer";
      manifest.mapper.prefix_length = read_transformer_mapper_sizes(mapper, gpt2.width).prefix_length;
      break;
    case MapperKind::linear:
      manifest.mapper.kind = "linear";
      manifest.mapper.prefix_length = read_prefix_length(mapper, "weight", gpt2.width);
      break;
  }
}

}  // namespace

TrainedBundle::TrainedBundle(fs::path folder, fs::path start, fs::path tokenizer, Manifest manifest)
    : folder_(std::move(folder)),
      start_(std::move(start)),
      tokenizer_(std::move(tokenizer)),
      manifest_(std::move(manifest)) {}

void TrainedBundle::write(const NamedTensors& weights, std::int64_t update) {
  std::error_code error;
  fs::create_directories(folder_, error);
  link(start_ / manifest_.encoder.file, manifest_.encoder.file);
  for (const auto& [role, name] : manifest_.tokenizer.files) link(tokenizer_ / name, name);
  if (manifest_.text) link(start_ / manifest_.text->merges, manifest_.text->merges);
  // Of another name than the one before: under a model.json are always the files that it lists.
  const std::string captioner = "captioner-" + std::to_string(update) + ".safetensors";
  write_safetensors(folder_ / captioner, weights);
  describe_parts(weights, manifest_);
  manifest_.mapper.file = captioner;
  manifest_.language_model.file = captioner;
  manifest_.files = {describe_file(folder_, captioner), describe_file(folder_, manifest_.encoder.file)};
  for (const auto& [role, name] : manifest_.tokenizer.files)
    manifest_.files.push_back(describe_file(folder_, name));
  if (manifest_.text) manifest_.files.push_back(describe_file(folder_, manifest_.text->merges));
  replace_small_file(folder_ / "model.json", to_json(manifest_));
  remove_others(captioner);
}

void TrainedBundle::link(const fs::path& from, const std::string& name) const {
  const fs::path to = folder_ / name;
  std::error_code error;
  if (fs::exists(to, error)) return;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  if (error)
    throw Error(ErrorKind::output,
                "cannot copy " + from.string() + " to " + to.string() + ": " + error.message(), to);
}

void TrainedBundle::remove_others(const std::string& kept) const {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("captioner-") && name.ends_with(".safetensors") && name != kept)
      fs::remove(entry.path(), ignored);
  }
}

}  // namespace caption
