#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <exception>
#include <utility>

#include "archive/tar_streams.h"
#include "caption/error.h"

namespace caption {
namespace {

class Writer : public TarWriter {
 public:
  explicit Writer(ArchiveLibrary::Write write)
      : write_(std::move(write)), handle_(archive_write_new(), &archive_write_free) {
    // Takes names of any bytes and any length, and every reader of tar archives knows it.
    require(archive_write_set_format_gnutar(handle_.get()));
    require(archive_write_open(handle_.get(), this, nullptr, &on_bytes, nullptr));
  }

  void add(const TarHeader& header, std::span<const std::byte> bytes) override {
    const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                              &archive_entry_free);
    archive_entry_set_pathname(entry.get(), header.name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), header.permissions);
    archive_entry_set_mtime(entry.get(), header.modified, 0);
    require(archive_write_header(handle_.get(), entry.get()));
    if (bytes.empty()) return;
    if (archive_write_data(handle_.get(), bytes.data(), bytes.size()) < 0) require(ARCHIVE_FATAL);
  }

  void finish() override { require(archive_write_close(handle_.get())); }

 private:
  /// Exceptions do not pass through libarchive.
  static la_ssize_t on_bytes(archive* handle, void* self, const void* bytes, std::size_t size) {
    auto& writer = *static_cast<Writer*>(self);
    try {
      writer.write_({static_cast<const std::byte*>(bytes), size});
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      writer.failure_ = std::current_exception();
      archive_set_error(handle, EIO, "not written");
      return -1;
    }
  }

  /// Throws what a function of libarchive's has come to.
  void require(int status) {
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    throw Error(ErrorKind::internal, std::string("libarchive: ") + archive_error_string(handle_.get()));
  }

  ArchiveLibrary::Write write_;
  std::exception_ptr failure_;
  std::unique_ptr<archive, decltype(&archive_write_free)> handle_;
};

}  // namespace

std::unique_ptr<TarWriter> open_tar_writer(ArchiveLibrary::Write write) {
  return std::make_unique<Writer>(std::move(write));
}

}  // namespace caption
