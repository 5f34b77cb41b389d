#include "files/replacing_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "caption/error.h"
#include "files/write_all.h"

namespace caption {
namespace {

namespace fs = std::filesystem;

/// Written in large pieces at multiples of their size, so that the system may keep them in huge pages.
constexpr std::size_t kPiece = std::size_t{8} << 20;

}  // namespace

ReplacingFile::ReplacingFile(fs::path target, std::uint64_t bytes)
    : target_(std::move(target)), buffer_(std::make_unique_for_overwrite<std::byte[]>(kPiece)) {
  std::error_code error;
  fs::create_directories(target_.parent_path(), error);
  if (error) fail(error.value());
  // What was there would give way to the new file: a device, say, for all other programs, too.
  if (fs::exists(target_, error) && !fs::is_regular_file(target_, error))
    fail(fs::is_directory(target_, error) ? EISDIR : EINVAL);
  remove_leftovers();
  while (!stage()) {
  }
  // Says now that the disk is full, not after a gigabyte. Not every file system can.
  if (::fallocate(descriptor_, 0, 0, static_cast<off_t>(bytes)) != 0 && errno != EOPNOTSUPP &&
      errno != ENOSYS) {
    fail(errno);
  }
}

ReplacingFile::~ReplacingFile() {
  discard();
}

void ReplacingFile::discard() {
  if (!staged_.empty()) ::unlink(staged_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
  staged_.clear();
  descriptor_ = -1;
}

std::string ReplacingFile::leftover_prefix() const {
  std::string prefix = ".";
  prefix.append(target_.filename().string()).append(".partial-");
  return prefix;
}

/// -> false if another writer took the new file for a leftover before it was locked
bool ReplacingFile::stage() {
  std::string name = (target_.parent_path() / leftover_prefix()).string();
  name.append("XXXXXX");
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail(errno);
  staged_ = name;
  struct stat status {};
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && ::fstat(descriptor_, &status) == 0 &&
      status.st_nlink == 1) {
    ::fchmod(descriptor_, 0644);
    return true;
  }
  discard();
  return false;
}

void ReplacingFile::remove_leftovers() const {
  const std::string start = leftover_prefix();
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(target_.parent_path(), unreadable)) {
    if (!entry.path().filename().string().starts_with(start)) continue;
    const int other = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (other < 0) continue;
    if (::flock(other, LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
    ::close(other);
  }
}

void ReplacingFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kPiece - filled_);
    std::copy_n(bytes.data(), count, buffer_.get() + filled_);
    filled_ += count;
    bytes = bytes.subspan(count);
    if (filled_ == kPiece) flush();
  }
}

void ReplacingFile::flush() {
  if (const int reason = write_all(descriptor_, {buffer_.get(), filled_}); reason != 0) fail(reason);
  filled_ = 0;
}

void ReplacingFile::keep() {
  flush();
  if (::fsync(descriptor_) != 0 || ::rename(staged_.c_str(), target_.c_str()) != 0) fail(errno);
  staged_.clear();
}

void ReplacingFile::fail(int error) {
  discard();
  throw Error(ErrorKind::output, target_.string() + ": cannot be written: " + std::strerror(error), target_);
}

}  // namespace caption
