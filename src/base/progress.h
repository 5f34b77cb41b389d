#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace caption {

/// What a Progress counts.
enum class ProgressUnit { images, texts, bytes, updates };

/// One line on a terminal that says how far a run over images, a download or a training is: count, rate and
/// time left, and failures.
class Progress {
 public:
  /// Says how many there are in all, 0 if that cannot be told; gives up soon after `stop` becomes true.
  using Count = std::function<std::size_t(const std::atomic<bool>& stop)>;

  /// Draws on `stream`, a terminal; if null, does nothing. `count` runs on a thread of its own meanwhile. So
  /// many were `done` before.
  Progress(std::FILE* stream, Count count, std::size_t done = 0, ProgressUnit unit = ProgressUnit::images);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// So many more are done. Draws the line again, at most ten times a second.
  void advance(std::size_t more = 1);
  /// What stands at the end of the line from now on.
  void set_note(std::string note) { note_ = std::move(note); }
  /// One more was done before: it does not count for the rate.
  void add_done_before() {
    ++before_;
    ++done_;
  }
  /// So many of those that are done have failed.
  void add_failed(std::size_t more = 1) { failed_ += more; }
  /// Takes the line away, so that something else can be written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw(Clock::time_point now);

  std::FILE* stream_;
  ProgressUnit unit_;
  std::string note_;
  bool drawn_ = false;
  std::size_t before_;
  std::size_t done_;
  std::size_t failed_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_;
  std::atomic<std::size_t> total_{0};  ///< 0 is not known
  std::atomic<bool> stop_{false};
  std::thread counter_;
};

}  // namespace caption
