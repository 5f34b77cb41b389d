#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "cli/caption/options.h"
#include "inputs/input.h"
#include "pipeline/batch.h"
#include "records/journal.h"

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

  /// Passes over the inputs that are done. -> whether others are left. Throws Error(usage) if the inputs are
  /// others than those of the earlier run, unless it shall go on all the same: then what is done is left out
  /// wherever it is.
  bool pass_over(InputSource source, const std::atomic<bool>& stop);
  /// The inputs that are left, one by one.
  std::optional<Input> next(const std::atomic<bool>& stop);

 private:
  void pass_in_order(const std::atomic<bool>& stop);
  bool take_done(const Input& input);
  [[noreturn]] void refuse(const std::string& what) const;

  std::filesystem::path output_;
  std::filesystem::path file_;
  bool force_;
  Journal journal_;
  InputSource source_;
  std::optional<Input> first_;  ///< that is left, until it is taken
  std::unordered_map<std::string, std::size_t>
      done_;  ///< where the order does not matter: how often each is done
};

/// Where the journal of the run that writes `output` is.
std::filesystem::path journal_file(const std::filesystem::path& output);

/// What the records of a run depend on, beside the inputs: the program, the model in `folder` and the
/// settings.
Journal::Facts facts_of(const CaptionConfig& config, const std::filesystem::path& folder);

}  // namespace caption::cli
