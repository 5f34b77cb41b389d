#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "inputs/input.h"

namespace caption {

/// Reads the names of a list, one at a time: a line each, or each up to a NUL byte. Empty entries are
/// skipped.
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
  [[noreturn]] void fail(const std::string& why) const;

  std::string name_;
  int descriptor_;
  char separator_;
  InputAdvice advice_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what is not yet handed out
};

}  // namespace caption
