#include "model/remove.h"

#include <unistd.h>

#include <set>
#include <string>

#include "caption/error.h"
#include "model/manifest.h"
#include "model/packed_files.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& folder, const std::error_code& error) {
  throw Error(ErrorKind::output, folder.string() + ": cannot be removed: " + error.message(), folder);
}

/// Bytes of all files in `folder`, of which none must be unknown.
std::uint64_t count_bytes(const fs::path& folder) {
  std::set<std::string> known = {"model.json"};
  for (const Manifest::File& file : read_manifest(folder).files) known.insert(file.name);
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool packed = name.starts_with("packed.") || name.starts_with(".packed.");
    if (known.count(name) == 0 && !packed) {
      throw Error(
          ErrorKind::usage,
          folder.string() + " holds '" + name +
              "', too, which is no part of the model: move it elsewhere, or remove the folder yourself",
          folder);
    }
    std::error_code unknown;
    const std::uintmax_t size = entry.file_size(unknown);
    if (!unknown) bytes += size;
  }
  if (error) fail(folder, error);
  return bytes;
}

}  // namespace

std::uint64_t remove_bundle(const fs::path& folder) {
  const fs::path target = folder.has_filename() ? folder : folder.parent_path();
  std::error_code error;
  const bool link = fs::is_symlink(target, error);
  const std::uint64_t bytes = link ? 0 : count_bytes(target);
  if (!link) remove_packed(target);  // those in the cache, too
  if (link) {
    fs::remove(target, error);
    if (error) fail(target, error);
    return bytes;
  }
  // Out of the way first: half of a model is never seen.
  const fs::path away =
      target.parent_path() / ("." + target.filename().string() + ".removed-" + std::to_string(::getpid()));
  fs::rename(target, away, error);
  if (error) fail(target, error);
  fs::remove_all(away, error);
  if (error) fail(away, error);
  return bytes;
}

}  // namespace caption
