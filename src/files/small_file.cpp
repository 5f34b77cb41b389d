#include "files/small_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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

  void write(std::string_view bytes) const {
    if (::ftruncate(descriptor_, 0) != 0) fail(target_, std::strerror(errno));
    if (const int reason = write_all(descriptor_, std::as_bytes(std::span(bytes))); reason != 0)
      fail(target_, std::strerror(reason));
  }

  void rename() {
    if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_, std::strerror(errno));
    renamed_ = true;
  }

 private:
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
  std::string name = ".";
  name.append(file.filename().string()).append(".partial");
  Partial partial(file, folder / name);
  partial.write(bytes);
  partial.rename();
}

}  // namespace caption
