#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "caption/api.h"

namespace caption {

/// A file that goes into an archive.
struct ArchiveFile {
  std::filesystem::path file;
  std::string name;  ///< in the archive: "conceptual/model.json"
};

/// Takes what an archive holds. What it throws ends the reading and reaches whoever began it.
class ArchiveSink {
 public:
  virtual ~ArchiveSink() = default;
  /// An entry begins. -> whether its bytes are wanted
  virtual bool begin(const std::string& name, bool regular_file, std::uint64_t bytes) = 0;
  virtual void take(std::span<const std::byte> bytes) = 0;
  virtual void end() = 0;
};

/// What stands before a file in an archive.
struct TarHeader {
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  ///< in seconds since 1970
  unsigned permissions = 0644;
};

/// The files of a tar archive, compressed or not, one by one, as they stand there; folders, links and devices
/// are passed over. Throws Error(unreadable | corrupt | too_large), whose message does not name the archive.
class TarReader {
 public:
  virtual ~TarReader() = default;
  /// The next one; nothing at the end, or soon after `stop` becomes true, even if a slow pipe gives nothing.
  virtual std::optional<TarHeader> next(const std::atomic<bool>& stop) = 0;
  /// All bytes of the one that `next` gave, not more than 2 GiB: at most once. Likewise nothing after `stop`.
  virtual std::vector<std::byte> bytes(const std::atomic<bool>& stop) = 0;
};

/// Writes a tar archive, file by file. Throws what its Write throws.
class TarWriter {
 public:
  virtual ~TarWriter() = default;
  /// `header.bytes` does not count.
  virtual void add(const TarHeader& header, std::span<const std::byte> bytes) = 0;
  /// What stands at an archive's end.
  virtual void finish() = 0;
};

/// What needs libarchive, as a table of functions: it lives in a shared library of its own, which brings
/// eleven others.
struct ArchiveLibrary {
  using Write = std::function<void(std::span<const std::byte>)>;
  /// A tar archive of `files`, given to `write` piece by piece; the same bytes for the same files. Throws
  /// Error(model) if one cannot be read.
  void (*write_tar)(const std::vector<ArchiveFile>& files, const Write& write);
  /// Reads a tar archive, compressed or not. Throws Error(model) that names `file` if it is none, or damaged.
  void (*read)(const std::filesystem::path& file, ArchiveSink& sink);
  /// Of an open file or pipe, which stays the caller's.
  std::unique_ptr<TarReader> (*open_reader)(int descriptor);
  std::unique_ptr<TarWriter> (*open_writer)(Write write);
};

/// Opens the library at the first call. Throws Error(internal) if it cannot be opened.
const ArchiveLibrary& archive_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::ArchiveLibrary* caption_archive_library();
