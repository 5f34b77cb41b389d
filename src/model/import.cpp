#include "model/import.h"

#include <unistd.h>

#include <fstream>
#include <set>
#include <utility>

#include "model/bundle.h"
#include "model/digest.h"
#include "model/modules.h"
#include "caption/error.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kStopToken = 13;  // GPT-2's "."
constexpr std::int64_t kMaxTokens = 67;

/// The published CLIP files by the sha256 that their URLs carry.
struct PublishedClip {
  const char* sha256;
  const char* name;
};
constexpr PublishedClip kPublishedClips[] = {
    {"40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", "ViT-B/32"},
    {"5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", "ViT-B/16"},
    {"b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", "ViT-L/14"},
    {"3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", "ViT-L/14@336px"},
    {"afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762", "RN50"},
    {"8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599", "RN101"},
    {"7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd", "RN50x4"},
    {"52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa", "RN50x16"},
    {"be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c", "RN50x64"},
};

/// A folder under a temporary name beside its final place; removed unless `keep` gave it that place.
class StagedFolder {
 public:
  explicit StagedFolder(fs::path target)
      : target_(target.has_filename() ? std::move(target) : target.parent_path()),
        // A hidden name, so that what an interrupt leaves is not taken for a model.
        staged_(target_.parent_path() / (std::string(".")
                                             .append(target_.filename().string())
                                             .append(".partial-")
                                             .append(std::to_string(::getpid())))) {
    std::error_code error;
    fs::create_directories(staged_, error);
    if (error) fail(error);
  }
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;
  ~StagedFolder() {
    std::error_code ignored;
    fs::remove_all(staged_, ignored);
  }

  const fs::path& path() const { return staged_; }

  void add(const fs::path& file, const std::string& name) const {
    std::error_code error;
    fs::copy_file(file, staged_ / name, error);
    if (error) {
      throw Error(ErrorKind::output,
                  "cannot copy " + file.string() + " to " + staged_.string() + ": " + error.message(), file);
    }
  }

  void keep() const {
    std::error_code error;
    fs::rename(staged_, target_, error);
    if (error) fail(error);
  }

 private:
  [[noreturn]] void fail(const std::error_code& error) const {
    throw Error(ErrorKind::output, target_.string() + ": cannot be made: " + error.message(), target_);
  }

  fs::path target_;
  fs::path staged_;
};

void require_new_name(const ImportRequest& request) {
  const bool plain = !request.name.empty() && request.name.find('/') == std::string::npos &&
                     request.name[0] != '.' && request.name[0] != '-';
  if (!plain) {
    throw Error(ErrorKind::usage,
                "--name '" + request.name + "': expected a plain name such as 'conceptual', without '/'");
  }
  std::error_code ignored;
  if (fs::exists(request.folder, ignored)) {
    throw Error(ErrorKind::usage,
                request.folder.string() + " exists already: choose another --name, or remove it first",
                request.folder);
  }
}

std::string origin_of(const Manifest::File& clip, const ImportRequest& request) {
  std::string origin = "CLIP: " + request.clip.filename().string() + " (";
  const char* published = nullptr;
  for (const PublishedClip& known : kPublishedClips) {
    if (clip.sha256 == known.sha256) published = known.name;
  }
  origin += published != nullptr ? std::string("OpenAI's ") + published + ", sha256 verified"
                                 : "not one of OpenAI's files by its sha256";
  origin += "); captioner: " + request.captioner.filename().string();
  if (request.gpt2) origin += "; GPT-2: " + request.gpt2->filename().string();
  return origin;
}

/// Everything that the loaded modules tell; the files' hashes come when they are in place.
Manifest describe(const ImportRequest& request, const Modules<Tensor>& modules) {
  Manifest m;
  m.name = request.name;
  m.image.resolution = modules.encoder->resolution();
  m.image.mean = {0.48145466, 0.4578275, 0.40821073};
  m.image.std = {0.26862954, 0.26130258, 0.27577711};
  m.encoder = {"clip.pt", std::string(modules.encoder->kind()), modules.encoder->embedding(),
               modules.activation};
  m.mapper = {
      request.gpt2 ? "prefix.pt" : "captioner.pt", std::string(modules.mapper->kind()),
      modules.mapper->prefix_length(),
      // The published transformer mapper was trained on normalised embeddings, the others on raw ones.
      request.normalize.value_or(modules.mapper->kind() == "transformer")};
  m.language_model = {request.gpt2 ? "gpt2.pt" : "captioner.pt", modules.gpt2->sizes().width,
                      modules.gpt2->sizes().layers, modules.gpt2->sizes().vocabulary, modules.gpt2->sizes().context};
  m.tokenizer = {"gpt2-bpe", {{"vocabulary", "encoder.json"}, {"merges", "vocab.bpe"}}};
  m.stop = {kStopToken, kMaxTokens};
  m.description = "CLIP " + m.encoder.kind + " " + std::to_string(m.encoder.embedding) + ", " +
                  m.mapper.kind + " mapper with a prefix of " + std::to_string(m.mapper.prefix_length) +
                  ", GPT-2 of width " + std::to_string(m.language_model.width);
  m.license = "as its publishers say";
  return m;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  std::ofstream stream(folder / "model.json", std::ios::binary);
  stream << to_json(manifest);
  stream.close();
  if (!stream)
    throw Error(ErrorKind::output, (folder / "model.json").string() + ": could not be written", folder);
}

}  // namespace

void import_bundle(const ImportRequest& request) {
  require_new_name(request);
  const CpuCompute compute;
  Manifest manifest = describe(request, load_modules<Tensor>({.clip = request.clip,
                                                      .mapper = request.captioner,
                                                      .gpt2 = request.gpt2.value_or(request.captioner),
                                                      .activation = request.activation.value_or(""),
                                                      .checksums = Checksums::all},
                                                     compute));

  const StagedFolder staged(request.folder);
  staged.add(request.clip, manifest.encoder.file);
  staged.add(request.captioner, manifest.mapper.file);
  if (request.gpt2) staged.add(*request.gpt2, manifest.language_model.file);
  for (const auto& [role, name] : manifest.tokenizer.files) staged.add(request.tokenizer / name, name);

  std::set<std::string> names = {manifest.encoder.file, manifest.mapper.file, manifest.language_model.file};
  for (const auto& [role, name] : manifest.tokenizer.files) names.insert(name);
  for (const std::string& name : names) {
    manifest.files.push_back(describe_file(staged.path(), name));
    if (name == manifest.encoder.file) manifest.origin = origin_of(manifest.files.back(), request);
  }
  write_manifest(staged.path(), manifest);
  // What will be used is what is checked: the copy.
  load_bundle<Tensor>(staged.path(), compute);
  staged.keep();
}

}  // namespace caption
