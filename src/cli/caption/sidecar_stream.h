#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "cli/caption/options.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// Which pictures get which sidecar, where nobody knows what is still to come: each is told as it comes.
class SidecarStream {
 public:
  SidecarStream(const SidecarOptions& options, InputSource source);

  /// The next picture to caption. One that would share the sidecar of another is said, and left out.
  std::optional<Input> next(const std::atomic<bool>& stop);
  /// The sidecar of the next of these, in the same order; on any thread.
  std::filesystem::path next_file();

  /// Pictures that were left out, as they have their sidecar.
  std::size_t left_out() const { return left_out_; }
  /// Those that would have shared one.
  std::size_t refused() const { return refused_; }

 private:
  bool is_anothers(const std::filesystem::path& file, const std::string& picture);

  const SidecarOptions& options_;
  InputSource source_;
  std::unordered_map<std::string, std::string> owners_;  ///< sidecar -> picture
  std::size_t left_out_ = 0;
  std::size_t refused_ = 0;
  std::mutex mutex_;
  std::deque<std::filesystem::path> files_;
};

}  // namespace caption::cli
