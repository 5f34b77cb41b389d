#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace caption {

/// Texts that wait on the disk instead of in memory: in a file without a name, in $TMPDIR or /tmp, which goes
/// with the process. Each function throws Error(output) that names that folder.
class Spool {
 public:
  /// Puts a text, of any bytes, behind the others. Not after `rewind`.
  void add(std::string_view text);
  /// From now on `next` gives them from the first on.
  void rewind();
  /// The next one; nothing behind the last.
  std::optional<std::string> next();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void open();
  [[noreturn]] static void fail(int reason);

  std::unique_ptr<std::FILE, Close> file_;  ///< none before the first text
};

}  // namespace caption
