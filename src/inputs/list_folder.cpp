#include "inputs/list_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace caption {
namespace {

EntryType type_of(unsigned mode) {
  if (S_ISREG(mode)) return EntryType::file;
  return S_ISDIR(mode) ? EntryType::folder : EntryType::other;
}

EntryType type_behind_link(int folder, const char* name) {
  struct stat status {};
  if (::fstatat(folder, name, &status, 0) != 0) return EntryType::file;
  const EntryType type = type_of(status.st_mode);
  return type == EntryType::folder ? EntryType::folder_link : type;
}

EntryType type_of(int folder, const dirent& entry) {
  struct stat status {};
  switch (entry.d_type) {
    case DT_REG:
      return EntryType::file;
    case DT_DIR:
      return EntryType::folder;
    case DT_LNK:
      return type_behind_link(folder, entry.d_name);
    case DT_UNKNOWN:  // not every file system says it
      if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return EntryType::file;
      return S_ISLNK(status.st_mode) ? type_behind_link(folder, entry.d_name) : type_of(status.st_mode);
    default:
      return EntryType::other;
  }
}

}  // namespace

std::error_code list_folder(const std::string& folder,
                            const std::function<void(std::string name, EntryType type)>& take) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> listing(::opendir(folder.c_str()), close);
  if (!listing) return {errno, std::generic_category()};
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(listing.get());
    if (entry == nullptr) return {errno, std::generic_category()};
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") take(std::string(name), type_of(::dirfd(listing.get()), *entry));
  }
}

}  // namespace caption
