#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inputs/left_out.h"
#include "inputs/list_folder.h"
#include "inputs/selection.h"

namespace caption {

/// The image files of a folder, in the order of their names' bytes; then, if asked for, those of its
/// subfolders in the same order. Hidden names and the folders of systems are left out, links to folders are
/// not followed. Holds the names of one folder and of the subfolders that are still to come.
class FolderWalk {
 public:
  /// Takes a message when a folder cannot be listed.
  using Warn = std::function<void(const std::string&)>;

  struct File {
    std::string name;   ///< FOLDER/NAME, with the folder as it was given
    std::string below;  ///< its path below that
  };

  /// Adds to `left_out`, which must outlive it, and so must `patterns`.
  FolderWalk(const std::string& folder, bool recursive, const Patterns& patterns, Warn warn,
             LeftOut& left_out);

  /// The next file. A folder that cannot be listed is handed out itself, so that its failure gets a record.
  std::optional<File> next();
  /// Whether a subfolder was left out for want of `recursive`.
  bool left_out_subfolders() const { return left_out_subfolders_; }

 private:
  struct Folder {
    std::string path;   ///< with a slash at its end
    std::string below;  ///< likewise; empty for the one that was named
  };

  /// Fills names_ from folder_; false, with a warning, if that fails.
  bool list();
  void take_file(std::string name, EntryType type);
  /// Whether a subfolder is to be listed.
  bool takes_folder(const std::string& name, EntryType type);
  void leave_out(const std::string& name, WhyLeftOut why);

  bool recursive_;
  const Patterns& patterns_;
  Warn warn_;
  LeftOut& left_out_;
  bool left_out_subfolders_ = false;
  Folder folder_;                   ///< at work
  std::vector<std::string> names_;  ///< of its files, last one first
  std::vector<Folder> folders_;     ///< still to be listed, last one first
};

}  // namespace caption
