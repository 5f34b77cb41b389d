#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs/left_out.h"
#include "inputs/selection.h"

namespace caption {

/// The image files of a folder, in the order of their names' bytes; then, if asked for, those of its
/// subfolders in the same order. Hidden names and the folders of systems are left out, links to folders are
/// not followed. Holds the names of one folder and of the subfolders that are still to come.
class FolderWalk {
 public:
  /// Takes a message when a folder cannot be listed.
  using Warn = std::function<void(const std::string&)>;

  /// Adds to `left_out`, which must outlive it, and so must `patterns`.
  FolderWalk(const std::filesystem::path& folder, bool recursive, const Patterns& patterns, Warn warn,
             LeftOut& left_out);

  /// The next file, as FOLDER/NAME. A folder that cannot be listed is handed out itself, so that its failure
  /// gets a record.
  std::optional<std::string> next();
  /// Whether a subfolder was left out for want of `recursive`.
  bool left_out_subfolders() const { return left_out_subfolders_; }

 private:
  /// Fills names_ from folder_; false, with a warning, if that fails.
  bool list();

  std::filesystem::path root_;
  bool recursive_;
  const Patterns& patterns_;
  Warn warn_;
  LeftOut& left_out_;
  bool left_out_subfolders_ = false;
  std::filesystem::path folder_;                ///< at work
  std::vector<std::string> names_;              ///< of its files, last one first
  std::vector<std::filesystem::path> folders_;  ///< still to be listed, last one first
};

}  // namespace caption
