#include "inputs/folder_walk.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/printable.h"
#include "inputs/image_names.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// A regular file, a link to one, or a link to nothing, which deserves its record.
bool is_file(const fs::directory_entry& entry) {
  std::error_code ignored;
  const fs::file_type type = entry.status(ignored).type();
  return type == fs::file_type::regular || type == fs::file_type::not_found;
}

}  // namespace

FolderWalk::FolderWalk(const std::filesystem::path& folder, bool recursive, const Patterns& patterns,
                       Warn warn, LeftOut& left_out)
    : root_(folder),
      recursive_(recursive),
      patterns_(patterns),
      warn_(std::move(warn)),
      left_out_(left_out),
      folders_{folder} {}

std::optional<std::string> FolderWalk::next() {
  while (names_.empty()) {
    if (folders_.empty()) return std::nullopt;
    folder_ = std::move(folders_.back());
    folders_.pop_back();
    if (!list()) return folder_.string();
  }
  std::string file = (folder_ / names_.back()).string();
  names_.pop_back();
  return file;
}

bool FolderWalk::list() {
  std::error_code error;
  std::vector<std::string> subfolders;
  const std::string place = folder_ == root_ ? "" : folder_.lexically_relative(root_).string() + "/";
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.front() == '.') continue;
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) {
      if (!patterns_.enters(place + name)) continue;
      if (!is_system_folder(name)) {
        subfolders.push_back(it->path().string());
      } else if (recursive_) {
        left_out_.folders.push_back(it->path().string());
      }
    } else if (!patterns_.takes_file(place + name)) {
      continue;
    } else if (has_image_extension(name) && is_file(*it)) {
      names_.push_back(std::move(name));
    } else if (const std::string kind = other_picture_kind(name); !kind.empty() && is_file(*it)) {
      ++left_out_.kinds[kind];
    }
  }
  if (error) {
    warn_("cannot list the folder '" + printable(folder_.string()) + "': " + error.message());
    names_.clear();
    return false;
  }
  std::sort(names_.begin(), names_.end(), std::greater<>());
  std::sort(subfolders.begin(), subfolders.end(), std::greater<>());
  if (recursive_) {
    std::move(subfolders.begin(), subfolders.end(), std::back_inserter(folders_));
  } else if (!subfolders.empty()) {
    left_out_subfolders_ = true;
  }
  return true;
}

}  // namespace caption
