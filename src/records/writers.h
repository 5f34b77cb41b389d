#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "files/output.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// How the records of one run look.
struct RecordStyle {
  Format format = Format::text;
  std::string model;              ///< the bundle's name
  bool several_captions = false;  ///< --n-best above 1: the record has all of them
  bool with_name = true;          ///< text: the image's name before its caption
  bool coloured = false;          ///< text: colour the names
};

/// Writes records in one format; each is out when `write` returns.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  /// What stands before the first record.
  virtual void begin() {}
  /// One record. Throws ClosedPipe or Error(output).
  virtual void write(const Record& record) = 0;
  /// What stands after the last record.
  virtual void finish(const BatchSummary& /*summary*/) {}
};

/// The writer of `style.format`. `output` must outlive it.
///
/// - text: CAPTION or NAME<TAB>CAPTION, a line each; nothing for a failure, whose message is for stderr.
/// - jsonl: scripts/schema/record.schema.json. Always valid UTF-8: what is not in a name becomes U+FFFD.
/// - csv: RFC 4180; one row per caption, or one for a failure. Names keep their bytes.
std::unique_ptr<RecordWriter> make_writer(const RecordStyle& style, Output& output);

/// The names of the images that failed, each followed by `separator`, as --files-from reads them. One that
/// has the separator in it is left out with a warning. `output` must outlive it.
std::unique_ptr<RecordWriter> make_failed_list(char separator, Output& output);

}  // namespace caption::cli
