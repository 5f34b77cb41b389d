#include "model/staged_copies.h"

#include "caption/error.h"
#include "files/file_state.h"
#include "model/verify_files.h"
#include "weights/shards.h"
#include "weights/weights.h"
#include "weights/write_safetensors.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

Manifest::File copy(const ReplacingFolder& folder, const fs::path& source, const std::string& name,
                    bool give_away) {
  const auto before = state_of(source);
  if (is_index(source)) {  // a bundle has one file for each part of the model
    write_safetensors(folder.path() / name, read_weights(source, Checksums::all).tensors);
  } else {
    give_away ? folder.link(source, name) : folder.add(source, name);
  }
  Manifest::File described = describe_file(folder.path(), name);
  if (state_of(source) != before)
    throw Error(ErrorKind::model, source.string() + ": was changed while it was imported", source);
  return described;
}

}  // namespace

void StagedCopies::add(const fs::path& source, const std::string& name, bool give_away) {
  copies_.push_back(std::async(std::launch::async, [&folder = folder_, source, name, give_away] {
    return copy(folder, source, name, give_away);
  }));
}

std::vector<Manifest::File> StagedCopies::finish() {
  std::vector<Manifest::File> files;
  for (std::future<Manifest::File>& one : copies_) files.push_back(one.get());
  copies_.clear();
  return files;
}

}  // namespace caption
