#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace caption {

/// A whole file, mapped read-only and privately, or read into memory where that is not possible. What is made
/// over it keeps it alive. It must not be shortened meanwhile: the next read is a SIGBUS (mapped_file_at).
class MappedFile : public std::enable_shared_from_this<MappedFile> {
 public:
  /// What will be read of it.
  enum class Reading {
    scattered,  ///< small parts here and there, for which huge pages are too coarse
    whole,      ///< all of it, often: in huge pages, if the system has them for files
  };

  /// Throws Error(model) if there is no such file, it is no regular file, it is empty or it cannot be read.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path,
                                                Reading reading = Reading::scattered);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }

  /// Brings the whole file into this process, from the disk if need be, and waits for that.
  void fetch_pages() const;
  /// Takes the pages that have been read out of this process; the next read finds them in the system's cache.
  void release_pages() const { release_pages(bytes_); }
  /// Likewise of a part of `bytes()`, and only pages that it fills.
  void release_pages(std::span<const std::byte> part) const;

  /// Error(model) with the path before `detail`.
  [[noreturn]] void fail(const std::string& detail) const;

 private:
  MappedFile(std::filesystem::path path, std::span<const std::byte> bytes);

  std::filesystem::path path_;
  std::span<const std::byte> bytes_;
};

}  // namespace caption
