#include "fetch/partial_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "caption/error.h"
#include "files/small_file.h"
#include "files/write_all.h"
#include "model/json_fields.h"

namespace caption {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string in_megabytes(std::uint64_t bytes) {
  return std::to_string((bytes + 500'000) / 1'000'000) + " MB";
}

}  // namespace

PartialFile::PartialFile(fs::path target)
    : target_(std::move(target)),
      partial_(target_.string() + ".partial"),
      about_(partial_.string() + ".json") {
  std::error_code error;
  fs::create_directories(target_.parent_path(), error);
  if (error) fail(error.value());
  descriptor_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) fail(errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    throw Error(ErrorKind::output, partial_.string() + ": another process is fetching this file", partial_);
  }
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
  read_source();
  if (source_.address.empty() && size_ > 0) restart({});
}

PartialFile::~PartialFile() {
  digest_.reset();
  if (size_ == 0) discard();
  if (descriptor_ >= 0) ::close(descriptor_);
}

/// Of what is not understood nothing is kept: it costs a download.
void PartialFile::read_source() {
  if (size_ == 0) return;
  try {
    const ordered_json json = parse_json(about_, "record of a download");
    JsonFields fields(json, about_, "");
    source_ = {fields.text("address"), fields.text("validator"), std::nullopt};
    if (!fields.is_null("total")) source_.total = static_cast<std::uint64_t>(fields.not_negative("total"));
  } catch (const Error&) {
    source_ = {};
  }
}

void PartialFile::restart(const Source& source) {
  digest_.reset();
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) < 0) fail(errno);
  size_ = 0;
  source_ = source;
  const ordered_json json = {{"address", source.address},
                             {"validator", source.validator},
                             {"total", source.total ? ordered_json(*source.total) : ordered_json(nullptr)}};
  replace_small_file(about_, json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
}

void PartialFile::append(std::span<const std::byte> bytes) {
  if (digest_ == nullptr) {
    if (::lseek(descriptor_, static_cast<off_t>(size_), SEEK_SET) < 0) fail(errno);
    digest_ = std::make_unique<FollowingDigest>(descriptor_);
  }
  if (const int error = write_all(descriptor_, bytes); error != 0) {
    // Half of them may have arrived.
    if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) discard();
    fail(error);
  }
  size_ += bytes.size();
  digest_->grown_to(size_);
  // So that little is left to write when the file is complete. That it fails is no matter.
  constexpr std::uint64_t kWrittenBack = 32 << 20;
  if (size_ / kWrittenBack != (size_ - bytes.size()) / kWrittenBack)
    ::sync_file_range(descriptor_, 0, 0, SYNC_FILE_RANGE_WRITE);
}

std::string PartialFile::sha256() {
  if (digest_ == nullptr) digest_ = std::make_unique<FollowingDigest>(descriptor_);
  digest_->grown_to(size_);
  int error = 0;
  std::string text = digest_->text(error);
  digest_.reset();
  if (error != 0) fail(error);
  return text;
}

void PartialFile::keep() {
  digest_.reset();
  if (::fsync(descriptor_) != 0 || ::rename(partial_.c_str(), target_.c_str()) != 0) fail(errno);
  ::unlink(about_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

void PartialFile::discard() {
  if (descriptor_ < 0) return;
  digest_.reset();
  ::unlink(partial_.c_str());
  ::unlink(about_.c_str());
  ::close(std::exchange(descriptor_, -1));
  size_ = 0;
}

void PartialFile::fail(int error) const {
  std::string message = partial_.string() + ": cannot be written: " + std::strerror(error);
  if (size_ > 0) message += "; " + in_megabytes(size_) + " are there, and the same command goes on from them";
  throw Error(ErrorKind::output, message, partial_);
}

}  // namespace caption
