#pragma once

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "files/replacing_folder.h"
#include "model/manifest.h"

namespace caption {

/// Weight files on their way into a bundle: each is copied and hashed on a thread of its own, while others
/// look at what it holds.
class StagedCopies {
 public:
  /// `folder` must outlive this, which waits for all copies at its end.
  explicit StagedCopies(const ReplacingFolder& folder) : folder_(folder) {}

  /// `source` becomes the file `name`: a copy, with `give_away` a link if possible, or one file of all parts
  /// that an index of a sharded checkpoint names.
  void add(const std::filesystem::path& source, const std::string& name, bool give_away = false);

  /// All of them, in the order in which they were added. Throws what became of one that could not be copied,
  /// and Error(model) if a source was changed meanwhile.
  std::vector<Manifest::File> finish();

 private:
  const ReplacingFolder& folder_;
  std::vector<std::future<Manifest::File>> copies_;
};

}  // namespace caption
