#include <string>

#include "weights/formats.h"
#include "weights/torch_tensors.h"
#include "weights/zip.h"

namespace caption {
namespace {

/// The folder that all of torch's records are in, with its slash.
std::string archive_folder(const MappedFile& file, const ZipArchive& archive) {
  std::string folder;
  for (const auto& [name, record] : archive.records()) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || name.substr(slash + 1) != "data.pkl") continue;
    if (!folder.empty()) {
      file.fail("two models in one archive: '" + shown(folder) + "' and '" + shown(name.substr(0, slash)) +
                "/'");
    }
    folder = name.substr(0, slash + 1);
  }
  if (!folder.empty()) return folder;
  const std::string first = archive.records().empty() ? "" : archive.records().begin()->first;
  file.fail("a zip archive, but none of torch's: it has no record FOLDER/data.pkl" +
            (first.empty() ? "" : " (it holds '" + shown(first) + "')") +
            "; if a weight file was zipped, unpack it first");
}

}  // namespace

WeightFile read_torch_zip(const std::shared_ptr<const MappedFile>& file, Checksums checksums) {
  const ZipArchive archive(*file);
  const std::string folder = archive_folder(*file, archive);
  if (archive.contains(folder + "byteorder")) {
    const std::string order = as_text(archive.read(folder + "byteorder", true));
    if (order != "little") {
      file->fail("record '" + shown(folder) + "byteorder' says '" + shown(order) + "'; expected 'little'");
    }
  }
  const std::string name = folder + "data.pkl";
  const auto bytes = archive.read(name, true);
  const Pickle pickle(*file, "record '" + shown(name) + "'", bytes);
  if (pickle.size() != bytes.size())
    file->fail("record '" + shown(name) + "': bytes after the end of the pickle");

  TorchTensors tensors(file, [&](const StorageId& id) {
    const std::string record = folder + "data/" + id.key;
    const auto data = archive.read(record, checksums == Checksums::all);
    if (data.size() != id.bytes) {
      file->fail("record '" + shown(record) + "' has " + std::to_string(data.size()) + " bytes; expected " +
                 std::to_string(id.bytes) + " of type " + std::string(name_of(id.dtype)));
    }
    return data;
  });
  WeightFile result;
  result.path = file->path();
  // Only TorchScript writes the constants of its code.
  if (archive.contains(folder + "constants.pkl")) {
    result.format = "torchscript";
    tensors.read_module(pickle.root(), result);
  } else {
    result.format = "torch.save";
    tensors.read_state_dict(pickle.root(), result);
  }
  return result;
}

}  // namespace caption
