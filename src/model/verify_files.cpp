#include "model/verify_files.h"

#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <system_error>
#include <vector>

#include "caption/error.h"
#include "files/sha256.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// All files at once, as one thread hashes slower than a disk reads.
void verify_hashes(const fs::path& folder, const Manifest& manifest) {
  std::vector<std::future<std::string>> found;
  for (const Manifest::File& file : manifest.files)
    found.push_back(std::async(std::launch::async, file_sha256, folder / file.name, ErrorKind::model));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Manifest::File& expected = manifest.files[i];
    const fs::path file = folder / expected.name;
    if (const std::string actual = found[i].get(); actual != expected.sha256) {
      throw Error(ErrorKind::model,
                  file.string() + ": model.json says sha256 " + expected.sha256 + ", found " + actual +
                      ": the file is damaged or was replaced; copy the bundle again",
                  file);
    }
  }
}

}  // namespace

Manifest::File describe_file(const fs::path& folder, const std::string& name) {
  const fs::path file = folder / name;
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(file, error);
  if (error) throw Error(ErrorKind::model, file.string() + ": " + error.message(), file);
  return {name, bytes, file_sha256(file, ErrorKind::model)};
}

void verify_files(const fs::path& folder, const Manifest& manifest, bool hashes) {
  for (const Manifest::File& expected : manifest.files) {
    const fs::path file = folder / expected.name;
    std::error_code error;
    const std::uint64_t bytes = fs::file_size(file, error);
    if (error) {
      throw Error(ErrorKind::model, file.string() + ": " + error.message() + "; the bundle is incomplete",
                  file);
    }
    if (bytes != expected.bytes) {
      throw Error(ErrorKind::model,
                  file.string() + ": model.json says " + std::to_string(expected.bytes) + " bytes, found " +
                      std::to_string(bytes) + ": the file was cut off or replaced; copy the bundle again",
                  file);
    }
  }
  if (hashes) verify_hashes(folder, manifest);
}

}  // namespace caption
