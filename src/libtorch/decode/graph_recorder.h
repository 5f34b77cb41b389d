#pragma once

#include <functional>
#include <memory>

namespace caption {

/// A sequence of a device's operators over fixed memory.
class Graph {
 public:
  virtual ~Graph() = default;
  /// Queues all of it behind what is in the queue.
  virtual void replay() = 0;
};

/// What makes such sequences of a device's work.
class GraphRecorder {
 public:
  virtual ~GraphRecorder() = default;
  /// Runs `work` as it will be captured, so that libraries can set themselves up for it before.
  virtual void warm_up(const std::function<void()>& work) = 0;
  /// What `work` queues, which is not run. It must not wait for the device. Throws if it cannot be captured,
  /// and `work` can be run then as if nothing had been tried.
  virtual std::unique_ptr<Graph> capture(const std::function<void()>& work) = 0;
};

}  // namespace caption
