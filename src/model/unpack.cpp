#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "caption/error.h"
#include "files/output.h"
#include "files/replacing_folder.h"
#include "files/sha256.h"
#include "files/small_file.h"
#include "kernels/matrix_sizes.h"
#include "model/bundle.h"
#include "model/export.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifest = "model.json";
constexpr std::uint64_t kLargestManifest = 1 << 20;

/// "folder/file" -> "folder/" and "file", without a "./" in front
std::pair<std::string, std::string> split(std::string name) {
  while (name.starts_with("./")) name.erase(0, 2);
  const std::size_t slash = name.rfind('/') + 1;
  return {name.substr(0, slash), name.substr(slash)};
}

/// Finds the model.json of an archive.
class ManifestFinder : public ArchiveSink {
 public:
  bool begin(const std::string& name, bool regular_file, std::uint64_t bytes) override {
    const auto [place, file] = split(name);
    if (!regular_file || file != kManifest || bytes > kLargestManifest || found) return false;
    found = true;
    folder = place;
    return true;
  }
  void take(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void end() override {}

  bool found = false;
  std::string folder;  ///< that it lies in, with '/'; empty if none
  std::string text;
};

ManifestFinder find_manifest(const fs::path& archive) {
  ManifestFinder finder;
  archive_library().read(archive, finder);
  if (!finder.found)
    throw Error(ErrorKind::model, archive.string() + ": there is no model.json in it: no model of caption's",
                archive);
  return finder;
}

/// Writes the files of a bundle, and nothing else, into a folder.
class Unpacker : public ArchiveSink {
 public:
  Unpacker(const fs::path& archive, std::string prefix, const Manifest& manifest, fs::path target)
      : archive_(archive), prefix_(std::move(prefix)), target_(std::move(target)) {
    for (const Manifest::File& file : manifest.files) expected_[file.name] = file;
  }

  bool begin(const std::string& name, bool regular_file, std::uint64_t bytes) override {
    const auto [folder, file] = split(name);
    const auto found = expected_.find(file);
    if (!regular_file || folder != prefix_ || found == expected_.end()) return false;
    if (!seen_.insert(file).second) fail(file + " is in it twice");
    current_ = &found->second;
    if (bytes != current_->bytes)
      fail(file + " has " + std::to_string(bytes) + " bytes, but model.json says " +
           std::to_string(current_->bytes));
    output_ = std::make_unique<Output>(target_ / file);
    digest_ = std::make_unique<Sha256>();
    return true;
  }
  void take(std::span<const std::byte> bytes) override {
    output_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    digest_->add(bytes);
  }
  void end() override {
    output_->close();
    if (const std::string sha256 = digest_->text(); sha256 != current_->sha256)
      fail(current_->name + " is damaged: its SHA-256 is " + sha256 + ", but model.json says " +
           current_->sha256);
  }

  void require_all() const {
    for (const auto& [name, file] : expected_) {
      if (seen_.count(name) == 0) fail("there is no " + name + " in it, which its model.json lists");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::model, archive_.string() + ": " + what, archive_);
  }

  const fs::path& archive_;
  std::string prefix_;
  fs::path target_;
  std::map<std::string, Manifest::File> expected_;
  std::set<std::string> seen_;
  const Manifest::File* current_ = nullptr;
  std::unique_ptr<Output> output_;
  std::unique_ptr<Sha256> digest_;
};

}  // namespace

std::string archived_name(const fs::path& archive) {
  const ManifestFinder found = find_manifest(archive);
  const std::string folder = fs::path(found.folder).parent_path().filename().string();
  if (!folder.empty() && folder != "." && folder != "..") return folder;
  return archive.stem().stem().string();
}

Manifest unpack_bundle(const UnpackRequest& request) {
  const ManifestFinder found = find_manifest(request.archive);
  const ReplacingFolder staged(request.folder);
  replace_small_file(staged.path() / kManifest, found.text);
  Manifest manifest = read_manifest(staged.path());
  Unpacker unpacker(request.archive, found.folder, manifest, staged.path());
  archive_library().read(request.archive, unpacker);
  unpacker.require_all();
  if (!request.name.empty() && request.name != manifest.name) {
    manifest.name = request.name;
    replace_small_file(staged.path() / kManifest, to_json(manifest));
  }
  load_bundle<Tensor>(staged.path(), manifest, {.packed = sizes_of_matrices()});
  staged.keep();
  return manifest;
}

}  // namespace caption
