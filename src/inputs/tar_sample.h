#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tar/library.h"

namespace caption {

/// A file of an archive, as a whole.
struct TarMember {
  TarHeader header;
  std::vector<std::byte> bytes;
};

/// What WebDataset takes for one sample: files that stand together in an archive and are called the same up
/// to the first dot of their names.
struct TarSample {
  std::string key;  ///< "train/000012" of "train/000012.jpg" and "train/000012.cls"
  std::vector<TarMember> members;
};

/// The key of the sample that a file of this name belongs to.
std::string sample_key(const std::string& name);

/// Whether a file is called like a tar archive: .tar, .tar.gz, .tgz, ...
bool is_tar_name(const std::string& name);

}  // namespace caption
