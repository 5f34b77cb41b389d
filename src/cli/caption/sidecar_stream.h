#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "cli/caption/options.h"
#include "cli/caption/sidecar_plan.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// Which pictures get which sidecar, where nobody knows what is still to come: each is told as it comes.
class SidecarStream {
 public:
  SidecarStream(const SidecarOptions& options, InputSource source);

  /// The next picture to caption. One that would share the sidecar of another is said, and left out.
  std::optional<PlannedSidecar> next(const std::atomic<bool>& stop);

  /// Pictures that were left out, as they have their sidecar.
  std::size_t left_out() const { return left_out_; }
  /// Those that would have shared one.
  std::size_t refused() const { return refused_; }

 private:
  bool is_anothers(const std::filesystem::path& file, const std::string& picture);

  const SidecarOptions& options_;
  InputSource source_;
  std::unordered_map<std::size_t, std::size_t> owners_;  ///< hash of a sidecar's name -> of its picture's
  std::size_t left_out_ = 0;
  std::size_t refused_ = 0;
};

}  // namespace caption::cli
