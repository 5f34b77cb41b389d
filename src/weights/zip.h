#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "weights/byte_reader.h"

namespace caption {

/// A file inside a zip archive.
struct ZipRecord {
  std::string name;
  std::uint64_t start = 0;           ///< where its local header begins in the archive
  std::span<const std::byte> bytes;  ///< as they lie in the archive
  std::uint64_t size = 0;            ///< uncompressed
  std::uint32_t crc = 0;
  std::uint16_t method = 0;  ///< 0 is stored
  std::uint16_t flags = 0;
};

/// The directory of a zip archive (zip64 too) over a mapped file. Two readers must not be able to see two
/// different archives in one file, so whatever is ambiguous is refused: duplicate names, overlapping records,
/// local headers or end records that disagree with the central directory. Compressed records may be there
/// (TorchScript's code is compressed), but are never read.
class ZipArchive {
 public:
  /// Throws Error(model). `file` must outlive the archive.
  explicit ZipArchive(const MappedFile& file);

  const std::map<std::string, ZipRecord>& records() const { return records_; }
  bool contains(const std::string& name) const { return records_.count(name) != 0; }
  /// The bytes of a stored record that must exist. Records of up to kAlwaysChecked bytes are compared with
  /// their CRC-32, so names and structure are; larger ones, the matrices, only if `check` asks for it,
  /// because that reads the whole file.
  std::span<const std::byte> read(const std::string& name, bool check = false) const;

  static constexpr std::size_t kAlwaysChecked = 64 * 1024;

 private:
  struct Directory {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    std::uint64_t records = 0;
  };
  Directory find_directory() const;
  void apply_zip64(std::size_t end_record, Directory& directory) const;
  void read_directory(const Directory& directory);
  void place(ZipRecord& record, std::uint64_t stored_size) const;
  void require_disjoint(const Directory& directory) const;

  const MappedFile& file_;
  std::map<std::string, ZipRecord> records_;
};

}  // namespace caption
