#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
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

/// What needs libarchive, as a table of functions: it lives in a shared library of its own, which brings
/// eleven others.
struct ArchiveLibrary {
  using Write = std::function<void(std::span<const std::byte>)>;
  /// A tar archive of `files`, given to `write` piece by piece; the same bytes for the same files. Throws
  /// Error(model) if one cannot be read.
  void (*write_tar)(const std::vector<ArchiveFile>& files, const Write& write);
  /// Reads a tar archive, compressed or not. Throws Error(model) that names `file` if it is none, or damaged.
  void (*read)(const std::filesystem::path& file, ArchiveSink& sink);
};

/// Opens the library at the first call. Throws Error(internal) if it cannot be opened.
const ArchiveLibrary& archive_library();

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::ArchiveLibrary* caption_archive_library();
