#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>

#include "cli/options.h"

namespace caption::cli {

/// One line on the terminal that says how far a run is: count, rate and time left.
class Progress {
 public:
  /// Without `shown` it does nothing. Else it counts the inputs in the background, if they can be counted
  /// without reading standard input.
  Progress(bool shown, const InputOptions& inputs);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// One more input is done. Draws the line again, at most ten times a second.
  void advance();
  /// Takes the line away, so that something else can be written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(Clock::time_point now);

  bool shown_;
  bool drawn_ = false;
  std::size_t done_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_;
  std::atomic<std::size_t> total_{0};  ///< 0 is not known
  std::jthread counter_;
};

}  // namespace caption::cli
