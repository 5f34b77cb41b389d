#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace caption::accelerator {

/// Which work of a device's streams comes certainly after which: what happens in one stream follows one
/// another, and across streams only what waits for an event. The work itself is done at once, in the order of
/// the calls; here is seen what a device would be free to do otherwise. (Vector clocks, as in race
/// detectors.)
class Streams {
 public:
  using Number = std::size_t;  ///< 0 is the default stream
  using Event = std::int64_t;

  Number current = 0;

  Number make() { return clocks_.emplace_back(), clocks_.size() - 1; }
  Event record(Number stream);
  void forget(Event event) { events_.erase(event); }
  /// What comes into `stream` from now on comes after what was there when the event was recorded.
  void block(Event event, Number stream);

  /// Work in the current stream. What it reads and writes follows.
  void begin_work();
  /// By the work that was begun last. Memory that is not the device's is ignored. Throws c10::Error if other
  /// streams may write it, or for `write` read it, at the same time.
  void read(const void* memory);
  void write(const void* memory);
  /// The CPU waits for the current stream.
  void wait();

  /// Memory of the device, from and for the current stream.
  void allocated(const void* memory, std::size_t bytes);
  /// -> whether no stream can still be using what the stream that it came from may now reuse
  bool freed(const void* memory);
  /// Memory that is freed is not reused before what is in the stream by then has been done.
  void keep_for(const void* memory, Number stream);

 private:
  using Clock = std::map<Number, std::int64_t>;  // of each stream, how much of its work came before
  struct Block {
    std::size_t bytes;
    Number owner;
    Clock reads;   // the last ones
    Clock writes;  // likewise
    std::set<Number> kept_for;
  };

  static void join(Clock& clock, const Clock& other);
  static bool within(const Clock& work, const Clock& clock);
  Block* find(const void* memory);

  std::vector<Clock> clocks_ = std::vector<Clock>(1);
  Clock host_;
  std::map<Event, Clock> events_;
  Event last_event_ = 0;
  std::map<std::uintptr_t, Block> blocks_;
};

}  // namespace caption::accelerator
