#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "inputs/input.h"

namespace caption {

/// Reads the names of a list, one at a time: a line each, or each up to a NUL byte. Empty entries are
/// skipped. A list of lines may be as other systems write it: with a byte-order mark, in UTF-16 if that says
/// so, and with CR LF behind a line, unless there is a file whose name ends in CR.
class ListReader {
 public:
  /// `file`: its name, "-" for standard input. Throws Error(usage) if it cannot be opened.
  ListReader(const std::string& file, bool null_separated, InputAdvice advice = {});
  ListReader(const ListReader&) = delete;
  ListReader& operator=(const ListReader&) = delete;
  ~ListReader();

  /// The next name; nothing at the end, or soon after `stop` becomes true, even if a slow pipe gives nothing.
  /// Throws Error(usage) if the list cannot be read or is of the other kind.
  std::optional<std::string> next(const std::atomic<bool>& stop);

 private:
  /// Reads more into the buffer; false at the end.
  bool fill(const std::atomic<bool>& stop);
  /// Looks for a byte-order mark in the first bytes.
  void take_mark();
  /// Moves what is whole of `utf16_` to the buffer, as UTF-8.
  void convert();
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  int descriptor_;
  char separator_;
  InputAdvice advice_;
  enum class Encoding { unknown, bytes, utf16_le, utf16_be };
  Encoding encoding_ = Encoding::unknown;
  std::string utf16_;  ///< not yet converted
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what is not yet handed out
};

}  // namespace caption
