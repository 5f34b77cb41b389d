#include "model/verify_files.h"

#include <cstdint>
#include <system_error>

#include "caption/error.h"
#include "files/sha256.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

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
    if (!hashes) continue;
    if (const std::string actual = file_sha256(file, ErrorKind::model); actual != expected.sha256) {
      throw Error(ErrorKind::model,
                  file.string() + ": model.json says sha256 " + expected.sha256 + ", found " + actual +
                      ": the file is damaged or was replaced; copy the bundle again",
                  file);
    }
  }
}

}  // namespace caption
