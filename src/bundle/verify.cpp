#include "bundle/verify.h"

#include "bundle/digest.h"
#include "bundle/manifest.h"
#include "bundle/pack.h"

namespace caption {

void verify_bundle(const std::filesystem::path& folder) {
  const Manifest manifest = read_manifest(folder);
  verify_files(folder, manifest, /*hashes=*/true);
  for (const PackedFile& file : list_packed(folder, manifest)) {
    if (file.problem.empty()) verify_packed(file);
  }
}

}  // namespace caption
