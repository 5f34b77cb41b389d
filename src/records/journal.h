#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "files/file_state.h"
#include "records/json_lines.h"
#include "records/record.h"

namespace caption {

/// How far a run is that writes records to files: a file beside them, with a line for each input that is
/// dealt with, written once its record is in all of them. A run that was killed anywhere leaves files that a
/// later one cuts where this one says, and goes on: they become those of a run that was not killed. One
/// process at a time has it.
///
/// JSON Lines: {"facts": {...}}, what the records depend on; {"ends": [...]}, the bytes in each file before
/// the first record; then {"image": NAME, "ends": [...]} per input, with "failed": true where there is no
/// caption, and "bytes" and "changed" as in FileState. Bytes of names are written as the characters U+0000 to
/// U+00FF, so that any name comes back.
class Journal {
 public:
  /// What the records depend on, by name: {"model", "conceptual"}.
  using Facts = std::vector<std::pair<std::string, std::string>>;
  /// Bytes in each of the run's files.
  using Ends = std::vector<std::uint64_t>;

  /// An input that is dealt with.
  struct Entry {
    std::string image;
    bool failed = false;
    std::optional<FileState> state;  ///< of its file before it was read
    Ends ends;                       ///< behind its record

    bool operator==(const Entry&) const = default;
  };

  /// Opens or makes `file`. `sizes` are those of the run's files now: what they do not hold any more, because
  /// the machine stopped, is not done. Throws Error(output) if it cannot be written or another process has
  /// it, Error(usage) if it is no such file or is of a run with other files.
  Journal(std::filesystem::path file, const Ends& sizes);
  /// Removes `file`, if there is one. Throws Error(output) if another process has it.
  static void discard(const std::filesystem::path& file);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  /// Whether there is a run to go on with.
  bool begun() const { return !ends_.empty(); }
  /// Of that run.
  const Facts& facts() const { return facts_; }
  const Ends& ends() const { return ends_; }
  /// Of its inputs, with those that were added.
  const BatchSummary& summary() const { return summary_; }
  std::size_t done() const { return summary_.captioned + summary_.failed; }

  /// The inputs that are dealt with, in order, one by one; nothing at the end.
  std::optional<Entry> next_done();
  /// What stands before the first record.
  const Ends& start() const { return start_; }
  /// Forgets all but the first `count` of them. From now on next_done gives these.
  void keep(std::size_t count);

  /// Starts a run, dropping what was there: before its files are emptied.
  void begin(const Facts& facts);
  /// Takes other facts for a run that goes on with them.
  void change(const Facts& facts);
  /// What stands before the first record is written.
  void start(const Ends& ends);
  /// An input's record is written. Each throws Error(output).
  void add(const Entry& entry);

 private:
  /// Up to the first line that is of no use any more, or behind the first `most` inputs.
  void read(const Ends& sizes, std::size_t most);
  void write(const Json& json);
  [[noreturn]] void fail(int reason) const;

  std::filesystem::path file_;
  int descriptor_;
  Facts facts_;
  Ends start_;
  Ends ends_;
  BatchSummary summary_;
  std::size_t unread_ = 0;  ///< inputs that next_done has not given yet
  std::unique_ptr<JsonLines> done_;
};

}  // namespace caption
