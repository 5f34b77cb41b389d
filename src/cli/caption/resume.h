#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/caption/options.h"
#include "inputs/input.h"
#include "pipeline/batch.h"
#include "records/journal.h"
#include "records/kept_records.h"

namespace caption::cli {

/// `caption --resume`: what an earlier run with the same --output has done, and what is left.
class Resumption {
 public:
  /// Opens the journal beside config.output. `ends` are the sizes of the run's files. Throws Error(output) if
  /// another run has it, Error(usage) if there is none though the files hold something already.
  Resumption(const CaptionConfig& config, const Journal::Ends& ends);

  bool begun() const { return journal_.begun(); }
  Journal& journal() { return journal_; }

  /// Throws Error(usage) that names what has changed since, unless it shall go on all the same. To be called
  /// first.
  void agree(const Journal::Facts& facts);

  /// Takes what failed, or whose file has changed, for not done: the records behind the first of these are
  /// kept elsewhere until they are written again. An earlier run that was ended while it did so goes on
  /// instead. Says what there is of it.
  void retry_failed();

  /// Passes over the inputs that are done. -> whether others are left. Throws Error(usage) if the inputs are
  /// others than those of the earlier run, unless it shall go on all the same: then what is done is left out
  /// wherever it is.
  bool pass_over(InputSource source, const std::atomic<bool>& stop);
  /// The inputs that are left, one by one. Throws as `pass_over`.
  std::optional<Input> next(const std::atomic<bool>& stop);

 private:
  void pass_in_order(const std::atomic<bool>& stop);
  /// Takes the next input, which must be `name`.
  std::optional<Input> take(const std::string& name, const std::atomic<bool>& stop);
  std::optional<Input> next_again(const std::atomic<bool>& stop);
  bool take_done(const Input& input);
  [[noreturn]] void refuse(const std::string& what) const;

  std::filesystem::path output_;
  std::filesystem::path file_;
  std::filesystem::path kept_file_;
  std::vector<std::filesystem::path> files_;  ///< that the run writes
  bool force_;
  Journal journal_;
  InputSource source_;
  std::size_t position_ = 0;            ///< inputs that are done, or were given out
  std::unique_ptr<KeptRecords> again_;  ///< where some are captioned again
  std::optional<Input> first_;          ///< that is left, until it is taken
  /// Where the order does not matter: the hash of a name -> how often it is done.
  std::unordered_map<std::size_t, std::size_t> done_;
};

/// Where the journal of the run that writes `output` is.
std::filesystem::path journal_file(const std::filesystem::path& output);

/// Where the records are that such a run has still to write again.
std::filesystem::path kept_file(const std::filesystem::path& output);

/// What the records of a run depend on, beside the inputs: the program, the model in `folder` and the
/// settings.
Journal::Facts facts_of(const CaptionConfig& config, const std::filesystem::path& folder);

}  // namespace caption::cli
