#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "records/json.h"

namespace caption {

/// Reads a file of JSON objects, one per line. A writer that was killed leaves a last line that was not
/// written to its end: that is no error, and whoever goes on writing behind the others cuts the file at
/// `whole` first.
class JsonLines {
 public:
  /// Throws Error(usage) if the file cannot be opened.
  explicit JsonLines(std::filesystem::path file);

  /// The next object; nothing at the end. Throws Error(usage), with the file and the number of the line, for
  /// a line that is none, unless it is the last; and if the file cannot be read.
  std::optional<Json> next();

  /// Bytes up to the end of the last object that `next` gave, with its line's end.
  std::uint64_t whole() const { return whole_; }
  /// At the end: whether the file goes on behind `whole`, with a line that is cut: it has no end, or is no
  /// object.
  bool cut() const { return cut_; }

  /// Throws Error(usage) that names the file and the line of the last object.
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  [[noreturn]] void fail(const std::string& why) const;

  std::filesystem::path file_;
  std::ifstream stream_;
  std::size_t line_ = 0;  ///< number of the one that was read last, from 1 on
  std::uint64_t whole_ = 0;
  bool cut_ = false;
};

}  // namespace caption
