#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/crc32.h"

namespace caption::test {

inline std::string little(std::uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += i < 8 ? static_cast<char>(value >> (8 * i)) : '\0';
  return bytes;
}

inline std::uint32_t crc_of(const std::string& bytes) {
  return crc32(std::as_bytes(std::span(bytes)));
}

/// A record of a zip archive, and what of its headers is false.
struct Record {
  std::string name;
  std::string bytes;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;
  std::int64_t claimed_size = -1;   ///< in both headers
  std::int64_t claimed_start = -1;  ///< of the local header, in the directory
  std::uint32_t crc_error = 0;      ///< added to the right CRC
  bool zip64 = false;               ///< sizes and start in the zip64 field
};

struct ZipOptions {
  bool zip64 = false;             ///< with zip64 end records
  std::int64_t more_records = 0;  ///< claimed in excess
  std::int64_t shift_start = 0;   ///< of the directory, in the end record
};

inline std::string zip_of(const std::vector<Record>& records, const ZipOptions& options = {}) {
  std::string file;
  std::string directory;
  for (const Record& record : records) {
    const std::uint64_t size =
        record.claimed_size < 0 ? record.bytes.size() : static_cast<std::uint64_t>(record.claimed_size);
    const std::uint64_t start =
        record.claimed_start < 0 ? file.size() : static_cast<std::uint64_t>(record.claimed_start);
    const std::uint64_t narrow_size = record.zip64 ? 0xFFFFFFFFu : size;
    const std::uint64_t narrow_start = record.zip64 ? 0xFFFFFFFFu : start;
    const std::string extra =
        record.zip64 ? little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(start, 8)
                     : "";
    const std::string common = little(record.flags, 2) + little(record.method, 2) + little(0, 4) +
                               little(crc_of(record.bytes) + record.crc_error, 4) + little(narrow_size, 4) +
                               little(narrow_size, 4) + little(record.name.size(), 2);
    file += "PK\3\4" + little(0, 2) + common + little(0, 2) + record.name + record.bytes;
    directory += "PK\1\2" + little(0, 4) + common + little(extra.size(), 2) + little(0, 2) + little(0, 8) +
                 little(narrow_start, 4) + record.name + extra;
  }
  const std::uint64_t start = file.size() + static_cast<std::uint64_t>(options.shift_start);
  const std::uint64_t count = records.size() + static_cast<std::uint64_t>(options.more_records);
  const std::uint64_t end64 = file.size() + directory.size();
  file += directory;
  if (options.zip64) {
    file += "PK\6\6" + little(44, 8) + little(0, 12) + little(count, 8) + little(count, 8) +
            little(directory.size(), 8) + little(start, 8);
    file += "PK\6\7" + little(0, 4) + little(end64, 8) + little(1, 4);
    return file + "PK\5\6" + little(0, 4) + little(0xFFFF, 2) + little(0xFFFF, 2) + little(0xFFFFFFFF, 4) +
           little(0xFFFFFFFF, 4) + little(0, 2);
  }
  return file + "PK\5\6" + little(0, 4) + little(count, 2) + little(count, 2) + little(directory.size(), 4) +
         little(start, 4) + little(0, 2);
}

}  // namespace caption::test
