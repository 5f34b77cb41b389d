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

  /// Passes over the inputs that are done. -> the first that is not; nothing if all are. Throws Error(usage)
  /// if the inputs are others than those of the earlier run, unless it shall go on all the same: then what is
  /// done is left out wherever it is.
  std::optional<Input> pass_over(const InputSource& source, const std::atomic<bool>& stop);
  /// Whether an input behind that one is done all the same.
  bool is_done(const Input& input);

 private:
  std::optional<Input> pass_in_order(const InputSource& source, const std::atomic<bool>& stop);
  [[noreturn]] void refuse(const std::string& what) const;

  std::filesystem::path output_;
  std::filesystem::path file_;
  bool force_;
  Journal journal_;
  std::unordered_map<std::string, std::size_t>
      done_;  ///< where the order does not matter: how often each is done
};

/// Where the journal of the run that writes `output` is.
std::filesystem::path journal_file(const std::filesystem::path& output);

/// What the records of a run depend on, beside the inputs: the program, the model in `folder` and the
/// settings.
Journal::Facts facts_of(const CaptionConfig& config, const std::filesystem::path& folder);

}  // namespace caption::cli
