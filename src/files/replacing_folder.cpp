#include "files/replacing_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "caption/error.h"
#include "files/descriptor.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// Lets the kernel copy: where a file system can share the blocks of a file, none of them is even read. False
/// if it could not, and then nothing is there: another way can be tried, and say what is wrong.
bool copy_by_kernel(const fs::path& from, const fs::path& to) {
  constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (in.fd < 0 || ::fstat(in.fd, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
  if (out.fd < 0) return false;
  ::fchmod(out.fd, status.st_mode & 0777);  // whatever the umask
  off_t done = 0;
  while (done < status.st_size) {
    const ssize_t now = ::copy_file_range(in.fd, nullptr, out.fd, nullptr, kMostAtOnce, 0);
    if (now <= 0) break;
    done += now;
  }
  if (done == status.st_size) return true;
  ::unlink(to.c_str());
  return false;
}

}  // namespace

ReplacingFolder::ReplacingFolder(fs::path target)
    : target_(target.has_filename() ? std::move(target) : target.parent_path()),
      // A hidden name, so that what an interrupt leaves is not taken for complete.
      staged_(target_.parent_path() / (std::string(".")
                                           .append(target_.filename().string())
                                           .append(".partial-")
                                           .append(std::to_string(::getpid())))) {
  std::error_code error;
  fs::create_directories(staged_, error);
  if (error) fail(error);
}

ReplacingFolder::~ReplacingFolder() {
  std::error_code ignored;
  fs::remove_all(staged_, ignored);
}

void ReplacingFolder::add(const fs::path& file, const std::string& name) const {
  if (copy_by_kernel(file, staged_ / name)) return;
  std::error_code error;
  fs::copy_file(file, staged_ / name, error);
  if (error) {
    throw Error(ErrorKind::output,
                "cannot copy " + file.string() + " to " + staged_.string() + ": " + error.message(), file);
  }
}

void ReplacingFolder::link(const fs::path& file, const std::string& name) const {
  std::error_code error;
  fs::create_hard_link(file, staged_ / name, error);
  if (error) add(file, name);
}

void ReplacingFolder::keep() const {
  std::error_code error;
  fs::rename(staged_, target_, error);
  if (error) fail(error);
}

void ReplacingFolder::fail(const std::error_code& error) const {
  throw Error(ErrorKind::output, target_.string() + ": cannot be made: " + error.message(), target_);
}

}  // namespace caption
