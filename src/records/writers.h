#pragma once

#include <functional>
#include <memory>
#include <string>

#include "files/output.h"
#include "records/record.h"

namespace caption {

/// How records are written.
enum class RecordFormat { text, jsonl, csv, csv_safe };

/// How the records of one run look.
struct RecordStyle {
  RecordFormat format = RecordFormat::text;
  std::string model;              ///< the bundle's name
  bool several_captions = false;  ///< jsonl: all of a record's captions beside its best
  bool with_name = true;          ///< text: the image's name before its caption
  bool coloured = false;          ///< text: colour the names
  bool similarities = false;      ///< csv: the captions have similarities
};

/// Writes records in one format; each is out when `write` returns.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  /// What stands before the first record.
  virtual void begin() {}
  /// In the place of `begin`, where another run wrote so many records already.
  virtual void resume(const BatchSummary& /*so_far*/) {}
  /// One record. Throws ClosedPipe or Error(output).
  virtual void write(const Record& record) = 0;
  /// What stands after the last record.
  virtual void finish(const BatchSummary& /*summary*/) {}
};

/// The writer of `style.format`. `output` must outlive it.
///
/// - text: CAPTION or NAME<TAB>CAPTION, a line each; nothing for a failure, whose message is for stderr.
/// - jsonl: scripts/schema/record.schema.json. Always valid UTF-8: what is not in a name becomes U+FFFD.
/// - csv: RFC 4180; one row per caption, or one for a failure. Names keep their bytes, captions are one line.
/// - csv_safe: likewise, with ' before names, captions and messages that a spreadsheet would take for a
///   formula.
std::unique_ptr<RecordWriter> make_writer(const RecordStyle& style, Output& output);

/// The names of the images that failed, each followed by `separator`, as a ListReader reads them. One that
/// has the separator in it is left out, and `left_out` is told. `doubtful`: also of those with a doubtful
/// caption. `output` must outlive it.
std::unique_ptr<RecordWriter> make_failed_list(char separator, bool doubtful, Output& output,
                                               std::function<void(const std::string& name)> left_out);

}  // namespace caption
