#include "model/verify.h"

#include "model/manifest.h"
#include "model/pack.h"
#include "model/verify_files.h"

namespace caption {

void verify_bundle(const std::filesystem::path& folder) {
  const Manifest manifest = read_manifest(folder);
  verify_files(folder, manifest, /*hashes=*/true);
  for (const PackedFile& file : list_packed(folder, manifest)) {
    if (file.problem.empty()) verify_packed(file);
  }
}

}  // namespace caption
