#pragma once

#include <chrono>
#include <filesystem>

#include "cli/caption/options.h"
#include "inputs/left_out.h"
#include "records/record.h"

namespace caption::cli {

/// What `--verbose` says of a run; without it, nothing.
class RunNotes {
 public:
  explicit RunNotes(bool wanted) : wanted_(wanted) {}

  void left_out(const LeftOutName& name) const;
  /// Before the model, which is in `folder`, is loaded.
  void loads(const CaptionConfig& config, const std::filesystem::path& folder);
  /// Before the first picture is read.
  void begins();
  void ends(const BatchSummary& summary) const;

 private:
  using Clock = std::chrono::steady_clock;

  bool wanted_;
  Clock::time_point since_;
};

}  // namespace caption::cli
