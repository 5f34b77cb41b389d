#include "archive/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <memory>

#include "caption/error.h"

namespace caption {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

/// What libarchive gives its pieces to, and what went wrong there: exceptions do not pass through it.
struct Receiver {
  const ArchiveLibrary::Write& write;
  std::exception_ptr failure;
};

extern "C" la_ssize_t on_bytes(archive* writer, void* data, const void* bytes, std::size_t size) {
  auto& receiver = *static_cast<Receiver*>(data);
  try {
    receiver.write({static_cast<const std::byte*>(bytes), size});
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    receiver.failure = std::current_exception();
    archive_set_error(writer, EIO, "not written");
    return -1;
  }
}

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::model, file.string() + ": " + why, file);
}

/// Throws what a function of libarchive's has come to.
void require(int status, archive* handle, Receiver& receiver) {
  if (status == ARCHIVE_OK) return;
  if (receiver.failure) std::rethrow_exception(receiver.failure);
  throw Error(ErrorKind::internal, std::string("libarchive: ") + archive_error_string(handle));
}

void add_file(archive* writer, const ArchiveFile& source, Receiver& receiver) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(source.file, error);
  std::ifstream stream(source.file, std::ios::binary);
  if (error || !stream) fail(source.file, "cannot be read: " + error.message());
  const Entry entry(archive_entry_new(), &archive_entry_free);
  archive_entry_set_pathname(entry.get(), source.name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), 0, 0);
  require(archive_write_header(writer, entry.get()), writer, receiver);
  std::vector<char> piece(kPiece);
  for (std::uintmax_t left = size; left > 0;) {
    stream.read(piece.data(), static_cast<std::streamsize>(std::min<std::uintmax_t>(left, piece.size())));
    const auto count = static_cast<std::size_t>(stream.gcount());
    if (count == 0) fail(source.file, "ends early");
    if (archive_write_data(writer, piece.data(), count) < 0) require(ARCHIVE_FATAL, writer, receiver);
    left -= count;
  }
}

void read_entry(archive* reader, archive_entry* entry, const std::filesystem::path& file, ArchiveSink& sink) {
  const char* const name = archive_entry_pathname(entry);
  const bool regular = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
  const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
  if (!sink.begin(name == nullptr ? "" : name, regular, size)) return;
  std::vector<std::byte> piece(kPiece);
  while (true) {
    const la_ssize_t count = archive_read_data(reader, piece.data(), piece.size());
    if (count < 0) fail(file, std::string("is damaged: ") + archive_error_string(reader));
    if (count == 0) break;
    sink.take(std::span(piece).first(static_cast<std::size_t>(count)));
  }
  sink.end();
}

}  // namespace

void write_tar(const std::vector<ArchiveFile>& files, const ArchiveLibrary::Write& write) {
  const std::unique_ptr<archive, decltype(&archive_write_free)> writer(archive_write_new(),
                                                                       &archive_write_free);
  Receiver receiver{write, nullptr};
  require(archive_write_set_format_pax_restricted(writer.get()), writer.get(), receiver);
  require(archive_write_set_bytes_in_last_block(writer.get(), 1), writer.get(), receiver);
  require(archive_write_open(writer.get(), &receiver, nullptr, &on_bytes, nullptr), writer.get(), receiver);
  for (const ArchiveFile& file : files) add_file(writer.get(), file, receiver);
  require(archive_write_close(writer.get()), writer.get(), receiver);
}

void read_tar(const std::filesystem::path& file, ArchiveSink& sink) {
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_filename(reader.get(), file.c_str(), kPiece) != ARCHIVE_OK)
    fail(file, std::string("is no tar archive: ") + archive_error_string(reader.get()));
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK)
    read_entry(reader.get(), entry, file, sink);
  if (status != ARCHIVE_EOF) fail(file, std::string("is damaged: ") + archive_error_string(reader.get()));
}

}  // namespace caption
