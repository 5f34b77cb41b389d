#pragma once

#include <chrono>
#include <memory>

#include "base/progress.h"
#include "fetch/observer.h"

namespace caption::cli {

/// Shows downloads on stderr: a line that moves, if that is a terminal, and one for each file that has come.
class DownloadProgress : public FetchObserver {
 public:
  explicit DownloadProgress(bool quiet);

  void started(const std::string& name, const std::string& address, std::uint64_t have,
               std::optional<std::uint64_t> total) override;
  void received(std::uint64_t bytes) override;
  void finished(const std::string& name) override;
  void note(const std::string& text) override;

 private:
  using Clock = std::chrono::steady_clock;

  std::unique_ptr<Progress> line_;
  bool quiet_;
  std::string current_;  ///< the file that is on its way
  std::uint64_t received_ = 0;
  Clock::time_point start_;
};

}  // namespace caption::cli
