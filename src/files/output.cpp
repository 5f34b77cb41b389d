#include "files/output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

/// Such a file goes on taking bytes, which nobody will ever see.
void refuse_removed(int descriptor, const std::string& name) {
  struct stat status {};
  if (descriptor == STDOUT_FILENO || fstat(descriptor, &status) != 0) return;
  if (S_ISREG(status.st_mode) && status.st_nlink == 0)
    throw Error(ErrorKind::output, "cannot go on writing to " + name + ": somebody has removed it");
}

}  // namespace

Output::Output() : descriptor_(STDOUT_FILENO), name_("standard output") {}

Output::Output(const std::filesystem::path& file)
    : descriptor_(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666)),
      name_(std::string("'").append(file.string()).append("'")) {
  if (descriptor_ < 0) fail(errno);
}

Output::~Output() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

bool Output::is_terminal() const {
  return isatty(descriptor_) == 1;
}

void Output::clear() {
  struct stat status {};
  if (descriptor_ == STDOUT_FILENO || fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return;
  cut(0);
}

std::uint64_t Output::position() const {
  const off_t position = lseek(descriptor_, 0, SEEK_CUR);
  if (position < 0) fail(errno);
  return static_cast<std::uint64_t>(position);
}

void Output::cut(std::uint64_t bytes) {
  const auto end = static_cast<off_t>(bytes);
  if (ftruncate(descriptor_, end) != 0 || lseek(descriptor_, end, SEEK_SET) != end) fail(errno);
}

void Output::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Someone made the pipe non-blocking; wait until it takes more.
      pollfd ready{descriptor_, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno == EPIPE) {
      throw ClosedPipe();
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
  refuse_removed(descriptor_, name_);
}

void Output::close() {
  if (descriptor_ > STDERR_FILENO && ::close(std::exchange(descriptor_, -1)) != 0) fail(errno);
}

void Output::fail(int reason) const {
  throw Error(ErrorKind::output, "cannot write to " + name_ + ": " + std::strerror(reason));
}

}  // namespace caption
