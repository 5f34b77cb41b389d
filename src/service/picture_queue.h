#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "inputs/input.h"
#include "records/record.h"

namespace caption {

/// A picture that somebody waits for.
struct PictureJob {
  Input input;
  /// Takes its record, on the thread that `PictureQueue::take` is called on.
  std::function<void(const Record&)> done;
  /// Whether anybody still waits. From any thread.
  std::function<bool()> wanted;
};

/// Pictures on their way to the model, in the order in which they came: what a run over images reads from
/// (`next`) and writes to (`take`). What nobody waits for any more is dropped. For any threads.
class PictureQueue {
 public:
  /// At most so many wait; those that are being read or are in the model do not count.
  explicit PictureQueue(std::size_t most) : most_(most) {}

  /// Takes all of `jobs`, or, if there is no room or the queue is closed, none: false.
  bool add(std::vector<PictureJob> jobs);
  bool full();
  /// No more are added: `next` ends behind the last.
  void close();

  /// The next input, when there is one; nothing at the end, or soon after `stop` becomes true.
  std::optional<Input> next(const std::atomic<bool>& stop);
  /// What became of it: in any order, told by the record's number.
  void take(const Record& record);

  std::size_t waiting();
  /// Those that left the queue and have no record yet.
  std::size_t in_work();
  /// How long the last one in the queue will wait, by the rate of the last records; at least 1 s.
  std::chrono::seconds expected_wait();

 private:
  using Clock = std::chrono::steady_clock;

  void drop_unwanted();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<PictureJob> jobs_;
  std::map<std::size_t, std::function<void(const Record&)>> in_work_;  ///< by number
  std::size_t given_ = 0;
  bool closed_ = false;
  std::deque<Clock::time_point> recent_;  ///< when the last records came
};

}  // namespace caption
