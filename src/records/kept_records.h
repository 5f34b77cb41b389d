#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "files/replacing_file.h"
#include "records/journal.h"
#include "records/json_lines.h"

namespace caption {

/// What a run that captions some of its inputs again has still to write: of each input from the first of
/// these on, in order, its record as it stood in the run's files, or that it is to be captioned. A file of
/// JSON Lines beside the journal, which is there until all of it is written: {"first": N}, the inputs before;
/// then {"image", "bytes", "changed", "parts": [...]} per input, as in the journal, without "parts" for one
/// to caption.
class KeptRecords {
 public:
  struct Entry {
    Journal::Entry input;            ///< its ends are those of the files that were
    std::vector<std::string> parts;  ///< bytes of its record in each of the files; none: to be captioned

    bool again() const { return parts.empty(); }
  };

  /// Opens `file`, and passes over what stands in it for the first `done` inputs. -> null if there is no such
  /// file. Throws Error(usage) if it is another one.
  static std::unique_ptr<KeptRecords> open(const std::filesystem::path& file, std::size_t done);

  /// Inputs before the first entry that `next` gives.
  std::size_t first() const { return first_; }
  /// Nothing at the end.
  std::optional<Entry> next();

 private:
  explicit KeptRecords(const std::filesystem::path& file);

  JsonLines lines_;
  std::size_t first_ = 0;
};

/// Makes such a file.
class KeptRecordsWriter {
 public:
  /// `files` are the run's, `first` the inputs before the first entry.
  KeptRecordsWriter(const std::filesystem::path& file, std::vector<std::filesystem::path> files,
                    std::size_t first);

  /// An input to be captioned.
  void add_again(const Journal::Entry& input);
  /// One whose record stays; it begins at `begins` in each of the files. Throws Error(output) if one of them
  /// cannot be read.
  void add_kept(const Journal::Entry& input, const Journal::Ends& begins);
  /// From now on the file is there.
  void finish() { file_.keep(); }

 private:
  void write(const Json& json);

  std::vector<std::filesystem::path> files_;
  ReplacingFile file_;
};

}  // namespace caption
