#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "records/record.h"

namespace caption {

/// A record as a line of JSON has it: captions without token ids, no thumbnail; what was no UTF-8 in a name
/// or a message is U+FFFD.
struct StoredRecord {
  Record record;
  std::string model;  ///< the bundle's name
};

/// Reads a file of records back, as the writer of RecordFormat::jsonl made it, a line at a time. A run that
/// was killed leaves a last line that was not written to its end: that is no error, and whoever goes on
/// writing behind the others cuts the file at `whole` first.
class RecordReader {
 public:
  /// Throws Error(usage) if the file cannot be opened.
  explicit RecordReader(std::filesystem::path file);

  /// The next record; nothing at the end. Throws Error(usage), with the file and the number of the line, for
  /// a line that is no record, unless it is the last; and if the file cannot be read.
  std::optional<StoredRecord> next();

  /// Bytes up to the end of the last record that `next` gave, with its line's end.
  std::uint64_t whole() const { return whole_; }
  /// At the end: whether the file goes on behind `whole`, with a line that is cut: it has no end, or is no
  /// record.
  bool cut() const { return cut_; }

 private:
  [[noreturn]] void fail(const std::string& why) const;

  std::filesystem::path file_;
  std::ifstream stream_;
  std::size_t line_ = 0;  ///< number of the one that was read last, from 1 on
  std::uint64_t whole_ = 0;
  bool cut_ = false;
};

}  // namespace caption
