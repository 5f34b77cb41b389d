#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace caption {

/// The folder whose pictures requests may name. The kernel sees to it that nothing outside is opened, through
/// "..", links or mounts of names that change meanwhile.
class PictureFolder {
 public:
  /// `most`: bytes of a file. Throws Error(usage) if there is no such folder, or if the kernel is older than
  /// Linux 5.6.
  PictureFolder(const std::filesystem::path& folder, std::size_t most);
  PictureFolder(const PictureFolder&) = delete;
  PictureFolder& operator=(const PictureFolder&) = delete;
  ~PictureFolder();

  /// The bytes of a file: a path below the folder, or one that begins with the folder's own. From any thread.
  /// Throws Error(not_found | unreadable | too_large), whose message does not name it.
  std::vector<std::byte> read(const std::string& name) const;

 private:
  int open_below(const std::string& name) const;

  std::string path_;  ///< without links, with '/' at its end
  std::size_t most_;
  int descriptor_;
};

}  // namespace caption
