#include "model/export.h"

#include "caption/error.h"
#include "model/verify_files.h"

namespace caption {

void export_bundle(const std::filesystem::path& folder, const std::string& name,
                   const ArchiveLibrary::Write& write) {
  const Manifest manifest = read_manifest(folder);
  verify_files(folder, manifest, /*hashes=*/true);
  // model.json first, so that who reads the archive knows what is to come.
  std::vector<ArchiveFile> files = {{folder / "model.json", name + "/model.json"}};
  for (const Manifest::File& file : manifest.files)
    files.push_back({folder / file.name, name + "/" + file.name});
  archive_library().write_tar(files, write);
}

}  // namespace caption
