#include "service/picture_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

#include "caption/error.h"
#include "inputs/read_input.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

Error unreadable(const std::string& why) {
  return {ErrorKind::unreadable, why};
}

Error outside() {
  return unreadable("lies outside of the folder whose files may be read");
}

}  // namespace

PictureFolder::PictureFolder(const fs::path& folder, std::size_t most) : most_(most) {
  std::error_code error;
  path_ = fs::canonical(folder, error).string();
  descriptor_ = error ? -1 : ::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw Error(ErrorKind::usage,
                folder.string() +
                    ": no folder that can be opened: " + (error ? error.message() : std::strerror(errno)),
                folder);
  }
  if (!path_.ends_with('/')) path_ += '/';
  const int self = open_below(".");
  const int reason = errno;
  if (self >= 0) ::close(self);
  if (self < 0 && reason != EACCES) {
    ::close(descriptor_);
    throw Error(ErrorKind::usage,
                folder.string() +
                    ": this system cannot keep names inside of a folder (openat2, Linux 5.6): " +
                    std::strerror(reason),
                folder);
  }
}

PictureFolder::~PictureFolder() {
  ::close(descriptor_);
}

/// -> a descriptor, or -1 with errno
int PictureFolder::open_below(const std::string& name) const {
  open_how how{};
  // Non-blocking, or a pipe without a writer would hold us.
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long opened = ::syscall(SYS_openat2, descriptor_, name.c_str(), &how, sizeof how);
    // EAGAIN: something was renamed while the kernel looked.
    if (opened >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(opened);
  }
}

std::vector<std::byte> PictureFolder::read(const std::string& name) const {
  if (name.empty()) throw Error(ErrorKind::not_found, "the name is empty");
  if (name.find('\0') != std::string::npos) throw unreadable("has a NUL byte in its name");
  const bool whole = name.front() == '/';
  if (whole && !name.starts_with(path_)) throw outside();
  const int descriptor = open_below(whole ? name.substr(path_.size()) : name);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw Error(ErrorKind::not_found, "no such file");
    if (errno == EXDEV) throw outside();
    throw unreadable(std::strerror(errno));
  }
  const std::unique_ptr<const int, void (*)(const int*)> closing(&descriptor,
                                                                 [](const int* open) { ::close(*open); });
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw unreadable(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw unreadable("is a folder");
  if (!S_ISREG(status.st_mode)) throw unreadable("is no regular file");
  if (static_cast<std::size_t>(status.st_size) > most_)
    throw Error(ErrorKind::too_large, "over " + std::to_string(most_) + " bytes");
  static const std::atomic<bool> never = false;
  return read_descriptor(descriptor, never);
}

}  // namespace caption
