#include "files/small_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "caption/error.h"
#include "files/write_all.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
  throw Error(ErrorKind::output, "cannot write '" + file.string() + "': " + why, file);
}

fs::path partial_name(const fs::path& file) {
  std::string name = ".";
  name.append(file.filename().string()).append(".partial");
  return file.parent_path() / name;
}

/// A file that goes away unless it is renamed.
class Partial {
 public:
  Partial(const fs::path& target, fs::path name)
      : target_(target),
        name_(std::move(name)),
        descriptor_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {
    if (descriptor_ < 0) fail(target_, std::strerror(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      ::close(descriptor_);
      fail(target_, "another process is writing it");
    }
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  ~Partial() {
    if (!renamed_) ::unlink(name_.c_str());
    ::close(descriptor_);
  }

  void write(std::span<const std::byte> bytes) const {
    if (::ftruncate(descriptor_, 0) != 0) fail(target_, std::strerror(errno));
    if (const int reason = write_all(descriptor_, bytes); reason != 0) fail(target_, std::strerror(reason));
  }

  /// Takes over what is not in a file's bytes, and waits until all is on the disk.
  void become_like(const fs::path& file, bool keep_times) const {
    const int original = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (original < 0) {
      if (errno == ENOENT) return;
      fail(target_, std::strerror(errno));
    }
    const int reason = copy_attributes(original, keep_times);
    ::close(original);
    if (reason != 0) fail(target_, std::strerror(reason));
  }

  void rename() {
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_, std::strerror(errno));
    renamed_ = true;
  }

 private:
  /// -> 0, or the errno of what went wrong
  int copy_attributes(int original, bool keep_times) const {
    struct stat status {};
    if (::fstat(original, &status) != 0) return errno;
    std::string names(static_cast<std::size_t>(std::max<ssize_t>(0, ::flistxattr(original, nullptr, 0))),
                      '\0');
    if (::flistxattr(original, names.data(), names.size()) < 0) names.clear();  // a file system without any
    for (std::size_t at = 0; at < names.size(); at += std::strlen(&names[at]) + 1) {
      const char* const name = &names[at];
      std::string value(
          static_cast<std::size_t>(std::max<ssize_t>(0, ::fgetxattr(original, name, nullptr, 0))), '\0');
      // The system's own, as SELinux's, may be nobody's to set: the new file then has its folder's.
      const bool is_users = std::string_view(name).starts_with("user.");
      if (::fgetxattr(original, name, value.data(), value.size()) < 0 ||
          ::fsetxattr(descriptor_, name, value.data(), value.size(), 0) != 0) {
        if (is_users) return errno;
      }
    }
    if (::fchown(descriptor_, status.st_uid, status.st_gid) != 0 && errno != EPERM) return errno;
    if (::fchmod(descriptor_, status.st_mode & 07777U) != 0) return errno;
    const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
    if (keep_times && ::futimens(descriptor_, times.data()) != 0) return errno;
    return ::fsync(descriptor_) == 0 ? 0 : errno;
  }

  const fs::path& target_;
  fs::path name_;
  int descriptor_;
  bool renamed_ = false;
};

}  // namespace

void replace_small_file(const fs::path& file, std::string_view bytes) {
  std::error_code error;
  const fs::path folder = file.parent_path();
  if (!folder.empty()) fs::create_directories(folder, error);
  if (error) fail(file, error.message());
  Partial partial(file, partial_name(file));
  partial.write(std::as_bytes(std::span(bytes)));
  partial.rename();
}

void replace_original(const fs::path& file, std::span<const std::byte> bytes, bool keep_times) {
  std::error_code error;
  const fs::path target = fs::weakly_canonical(file, error);
  if (error) fail(file, error.message());
  Partial partial(target, partial_name(target));
  partial.write(bytes);
  partial.become_like(target, keep_times);
  partial.rename();
}

}  // namespace caption
