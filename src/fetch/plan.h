#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model/published.h"

namespace caption {

/// A file of a model, and where to look for it, in this order.
struct PlannedFile {
  PublishedFile published;
  std::vector<std::string> sources;  ///< addresses, or files on this machine
};

/// Where files are to be taken from.
struct FetchSources {
  /// In the place of what is published: a folder that holds the files, the address of one (it ends with '/'),
  /// or one of the files.
  std::vector<std::string> from;
  bool mirrors_first = false;
  /// Folders of models, one of which may have the same file.
  std::vector<std::filesystem::path> model_folders;
};

/// What to fetch for `model`: CLIP, then the captioner. Throws Error(usage) if one of `from` has none of the
/// files, or a folder lacks one.
std::vector<PlannedFile> plan_fetch(const Published& published, const PublishedModel& model,
                                    const FetchSources& sources);

}  // namespace caption
