#include <archive.h>
#include <archive_entry.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "archive/tar_streams.h"
#include "caption/error.h"

namespace caption {
namespace {

constexpr int kInterruptCheckMs = 50;
constexpr std::size_t kReadAtOnce = std::size_t{1} << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

class Reader : public TarReader {
 public:
  explicit Reader(int descriptor)
      : descriptor_(descriptor), buffer_(kReadAtOnce), handle_(archive_read_new(), &archive_read_free) {
    archive_read_support_filter_all(handle_.get());
    archive_read_support_format_tar(handle_.get());
    struct stat status {};
    can_seek_ = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  }

  std::optional<TarHeader> next(const std::atomic<bool>& stop) override {
    if (ended_) return std::nullopt;
    stop_ = &stop;
    open();
    archive_entry* entry = nullptr;
    for (int result = ARCHIVE_OK;;) {
      result = archive_read_next_header(handle_.get(), &entry);
      ended_ = stop || result == ARCHIVE_EOF;
      if (ended_) return std::nullopt;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) fail();
      if (archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr) break;
    }
    bytes_ = static_cast<std::uint64_t>(archive_entry_size(entry));
    return TarHeader{name_of(entry), bytes_, archive_entry_mtime(entry),
                     static_cast<unsigned>(archive_entry_perm(entry))};
  }

  std::vector<std::byte> bytes(const std::atomic<bool>& stop) override {
    stop_ = &stop;
    if (bytes_ > kMostBytes) throw Error(ErrorKind::too_large, "over 2 GiB");
    std::vector<std::byte> bytes(bytes_);
    std::size_t done = 0;
    while (done < bytes.size() && !stop) {
      const la_ssize_t count = archive_read_data(handle_.get(), bytes.data() + done, bytes.size() - done);
      if (count < 0) fail();
      if (count == 0) throw Error(ErrorKind::corrupt, "a file in it ends early");
      done += static_cast<std::size_t>(count);
    }
    if (stop) bytes.clear();
    return bytes;
  }

 private:
  /// At the first call, as it reads already.
  void open() {
    if (opened_) return;
    opened_ = true;
    archive_read_set_read_callback(handle_.get(), &on_read);
    if (can_seek_) archive_read_set_skip_callback(handle_.get(), &on_skip);
    archive_read_set_callback_data(handle_.get(), this);
    if (archive_read_open1(handle_.get()) != ARCHIVE_OK && !*stop_) fail();
  }

  /// As it stands there; UTF-8 where that has no form in the locale's character set.
  static std::string name_of(archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) name = archive_entry_pathname_utf8(entry);
    if (name == nullptr) throw Error(ErrorKind::corrupt, "a name in it cannot be read");
    return name;
  }

  static la_ssize_t on_read(archive* handle, void* self, const void** bytes) {
    auto& reader = *static_cast<Reader*>(self);
    *bytes = reader.buffer_.data();
    pollfd waiting{reader.descriptor_, POLLIN, 0};
    while (!*reader.stop_) {
      if (::poll(&waiting, 1, kInterruptCheckMs) == 0) continue;
      const ssize_t count = ::read(reader.descriptor_, reader.buffer_.data(), reader.buffer_.size());
      if (count >= 0) return count;
      if (errno == EINTR || errno == EAGAIN) continue;
      archive_set_error(handle, errno, "%s", std::strerror(errno));
      reader.unreadable_ = true;
      return -1;
    }
    return 0;
  }

  static la_int64_t on_skip(archive* /*handle*/, void* self, la_int64_t request) {
    const int descriptor = static_cast<Reader*>(self)->descriptor_;
    // Not beyond the end, which would hide that the archive is cut.
    struct stat status {};
    const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
    if (at < 0 || ::fstat(descriptor, &status) != 0 || at + request > status.st_size) return 0;
    return ::lseek(descriptor, request, SEEK_CUR) < 0 ? 0 : request;
  }

  [[noreturn]] void fail() const {
    const char* const why = archive_error_string(handle_.get());
    throw Error(unreadable_ ? ErrorKind::unreadable : ErrorKind::corrupt,
                why == nullptr ? "damaged" : std::string(why));
  }

  int descriptor_;
  std::vector<std::byte> buffer_;
  std::unique_ptr<archive, decltype(&archive_read_free)> handle_;
  const std::atomic<bool>* stop_ = nullptr;  ///< of the call at work
  bool opened_ = false;
  bool ended_ = false;
  bool can_seek_ = false;
  bool unreadable_ = false;
  std::uint64_t bytes_ = 0;
};

}  // namespace

std::unique_ptr<TarReader> open_tar_reader(int descriptor) {
  return std::make_unique<Reader>(descriptor);
}

}  // namespace caption
