#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "files/output.h"
#include "inputs/input.h"
#include "records/json.h"
#include "records/record.h"
#include "service/picture_folder.h"

namespace caption {

struct LineOptions {
  std::string model;
  std::size_t captions = 1;               ///< of a picture
  std::size_t most = 20 << 20;            ///< bytes of a picture
  const PictureFolder* folder = nullptr;  ///< whose files may be named; null: none
};

/// JSON Lines from a pipe: each line asks for a picture's caption, as `input_of_json` says, and its record
/// goes out as a line, with the request's "id", if it has one. A line that asks for nothing gets a record
/// with an error, too. What a run over images reads from (`next`) and writes to (`take`).
class LineRequests {
 public:
  /// Everything must outlive it.
  LineRequests(int descriptor, Output& output, LineOptions options);

  /// The next line's input; nothing at the end, or soon after `stop` or `interrupt` becomes true. One call at
  /// a time.
  std::optional<Input> next(const std::atomic<bool>& stop, const std::atomic<bool>& interrupt);
  /// Throws ClosedPipe or Error(output).
  void take(const Record& record);

 private:
  /// The next line that is not empty, cut behind the most that is taken.
  std::optional<std::string> next_line(const std::atomic<bool>& stop, const std::atomic<bool>& interrupt);
  /// Reads more; false at the end.
  bool fill();
  Input input_of(const std::string& line);

  const int descriptor_;
  Output& output_;
  const LineOptions options_;
  const std::size_t most_line_;
  std::string buffer_;
  bool ended_ = false;
  std::size_t line_ = 0;   ///< number of the last one, from 1 on
  std::size_t given_ = 0;  ///< inputs so far
  std::mutex mutex_;
  std::map<std::size_t, Json> ids_;  ///< by the input's number
};

}  // namespace caption
