#include "model/export.h"

#include <map>

#include "caption/error.h"
#include "model/bundle.h"
#include "model/modules.h"
#include "model/verify_files.h"
#include "weights/write_torch.h"

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

void export_checkpoint(const std::filesystem::path& folder, const std::filesystem::path& file) {
  const ModelParts parts = read_parts(module_files(folder, read_complete_manifest(folder)));
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, tensor] : parts.mapper.all()) tensors.emplace("clip_project." + name, tensor);
  for (const auto& [name, tensor] : parts.gpt2.all())
    tensors.emplace((name == "lm_head.weight" ? "gpt." : "gpt.transformer.") + name, tensor);
  tensors.emplace("gpt.lm_head.weight", tensors.at("gpt.transformer.wte.weight"));
  write_torch(file, tensors);
}

}  // namespace caption
