#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "cli/caption/left_out_records.h"
#include "cli/caption/options.h"
#include "cli/exit_status.h"
#include "files/output.h"
#include "records/journal.h"
#include "records/kept_records.h"
#include "records/writers.h"

namespace caption::cli {

/// Where a run writes. Opened before the model is loaded, so that a wrong name costs no time, but not yet
/// emptied.
struct Outputs {
  explicit Outputs(const CaptionConfig& config);

  Output records;
  std::optional<Output> failed;
  std::optional<Output> html;
};

/// The files of a run that can be resumed, in the order in which Results writes them.
std::vector<std::filesystem::path> files_of(const CaptionConfig& config);

/// What is in them. Throws Error(usage) if one is none.
Journal::Ends sizes_of(const CaptionConfig& config);

/// Takes the records of a run: to the outputs, to the pictures' sidecars and the terminal.
class Results {
 public:
  /// `model`: the bundle's name; `folder`: where it is. `journal`: of a run that can be resumed, or null.
  /// Both `outputs` and it must outlive this. `count`: how many inputs there are.
  Results(const CaptionConfig& config, const std::string& model, const std::filesystem::path& folder,
          Outputs& outputs, Journal* journal, Progress::Count count);

  /// Each record goes to a file beside its picture, or into it, too: before it is written elsewhere.
  void add_own_files(std::unique_ptr<RecordWriter> files) { own_files_ = std::move(files); }

  /// Behind all records, those of `left_out`, which must outlive this.
  void add_left_out(LeftOutRecords& left_out) { left_out_ = &left_out; }

  /// A run from its beginning. `facts`: for the journal, if there is one.
  void begin(const Journal::Facts& facts);
  /// Behind what the journal knows. `kept_file`: where the records are that are written again between those
  /// of this run, if there are any.
  void resume(const std::filesystem::path& kept_file);
  void take(const Record& record);
  ExitStatus finish(BatchSummary summary);

 private:
  struct Sink {
    Output& output;
    std::unique_ptr<RecordWriter> writer;
  };

  void add(Output& output, std::unique_ptr<RecordWriter> writer);
  /// Those that stand before the next record of this run.
  void write_kept();
  /// Notes what only the whole run shows.
  void watch(const Record& record);
  void say_what_was_seen() const;
  Journal::Ends ends() const;

  bool single_;
  bool output_is_terminal_;
  Journal* journal_;
  BatchSummary before_;                ///< of the run that this one goes on with
  std::unique_ptr<KeptRecords> kept_;  ///< of that run, to be written again
  std::filesystem::path kept_file_;
  Progress progress_;
  std::vector<Sink> sinks_;
  std::unique_ptr<RecordWriter> own_files_;  ///< or none
  LeftOutRecords* left_out_ = nullptr;       ///< or none
  std::size_t captions_ = 0;                 ///< best ones of this run
  std::size_t empty_ = 0;                    ///< those without a character
  std::size_t only_prompt_ = 0;              ///< those to which the model added nothing
  std::size_t repetitions_ = 0;              ///< those that repeat themselves
  std::string first_caption_;
  bool all_the_same_ = true;
};

}  // namespace caption::cli
