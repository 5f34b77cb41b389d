#include "inputs/folder_walk.h"

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "inputs/image_names.h"
#include "inputs/raw_pairs.h"

namespace caption {
namespace {

std::string without_slash(const std::string& folder) {
  return folder.size() > 1 && folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder;
}

}  // namespace

FolderWalk::FolderWalk(const std::string& folder, bool recursive, const Patterns& patterns, Warn warn,
                       LeftOut& left_out)
    : recursive_(recursive),
      patterns_(patterns),
      warn_(std::move(warn)),
      left_out_(left_out),
      folders_{{folder.ends_with('/') ? folder : folder + '/', ""}} {}

std::optional<FolderWalk::File> FolderWalk::next() {
  while (names_.empty()) {
    if (folders_.empty()) return std::nullopt;
    folder_ = std::move(folders_.back());
    folders_.pop_back();
    if (!list())
      return File{without_slash(folder_.path), folder_.below.empty() ? "." : without_slash(folder_.below)};
  }
  File file{folder_.path + names_.back(), folder_.below + names_.back()};
  names_.pop_back();
  return file;
}

bool FolderWalk::list() {
  std::vector<std::string> subfolders;
  const std::error_code error = list_folder(folder_.path, [&](std::string name, EntryType type) {
    if (type == EntryType::file || type == EntryType::other) {
      take_file(std::move(name), type);
    } else if (patterns_.enters(folder_.below + name) && takes_folder(name, type)) {
      subfolders.push_back(std::move(name));
    }
  });
  if (error) {
    warn_("cannot list the folder '" + printable(without_slash(folder_.path)) + "': " + error.message());
    names_.clear();
    return false;
  }
  for (const std::string& raw : take_out_paired_raws(names_)) leave_out(raw, WhyLeftOut::paired_raw);
  std::sort(names_.begin(), names_.end(), std::greater<>());
  std::sort(subfolders.begin(), subfolders.end(), std::greater<>());
  for (const std::string& name : subfolders)
    folders_.push_back({folder_.path + name + '/', folder_.below + name + '/'});
  return true;
}

void FolderWalk::take_file(std::string name, EntryType type) {
  const bool picture = patterns_.is_picture_name(name);
  const std::string kind = picture ? "" : other_picture_kind(name);
  if ((!picture && kind.empty()) || !patterns_.takes_file(folder_.below + name)) return;
  if (name.front() == '.') {
    leave_out(name, WhyLeftOut::hidden_file);
  } else if (type == EntryType::other) {
    leave_out(name, WhyLeftOut::no_file);
  } else if (picture) {
    names_.push_back(std::move(name));
  } else {
    left_out_.add({folder_.path + name, WhyLeftOut::format, kind});
  }
}

bool FolderWalk::takes_folder(const std::string& name, EntryType type) {
  const bool systems = is_system_folder(name);
  const bool hidden = name.front() == '.';
  const bool link = type == EntryType::folder_link;
  if (recursive_ && !systems && !hidden && !link) return true;
  if (!recursive_) {
    if (systems || hidden || link) return false;
    left_out_subfolders_ = true;
    leave_out(name, WhyLeftOut::subfolder);
  } else if (systems) {
    leave_out(name, WhyLeftOut::system_folder);
  } else {
    leave_out(name, hidden ? WhyLeftOut::hidden_folder : WhyLeftOut::folder_link);
  }
  return false;
}

void FolderWalk::leave_out(const std::string& name, WhyLeftOut why) {
  left_out_.add({folder_.path + name, why});
}

}  // namespace caption
