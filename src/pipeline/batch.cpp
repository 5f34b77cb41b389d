#include "pipeline/batch.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "inputs/read_input.h"

namespace caption {
namespace {

constexpr int kInterruptCheckMs = 50;

/// One input on its way: its picture, or why there is none.
struct Prepared {
  std::string name;
  Picture picture;
  std::optional<Error> error;
};

/// Reader threads fill a bounded window of inputs, in order; the consumer takes from its front what is ready.
class Readers {
 public:
  Readers(const Captioner& captioner, const InputSource& source, const BatchOptions& options,
          const std::atomic<bool>& interrupt)
      : captioner_(captioner),
        source_(source),
        interrupt_(interrupt),
        image_options_(options.image),
        // One batch for the encoder, and one being prepared.
        window_(2 * static_cast<std::size_t>(options.sizes.encode_batch)) {
    for (int i = 0; i < options.readers; ++i) threads_.emplace_back([this] { run(); });
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers() { stop(); }

  /// Takes up to `limit` inputs that are ready now. If `wait`, waits for the first: then nothing means the
  /// end or an interrupt.
  std::vector<Prepared> take(std::size_t limit, bool wait) {
    std::unique_lock lock(mutex_);
    // A signal handler can set the interrupt but cannot notify, hence the look now and then.
    while (wait && !interrupt_ && !changed_.wait_for(lock, std::chrono::milliseconds(kInterruptCheckMs), [&] {
      return failure_ || (slots_.empty() ? ended_.load() : slots_.front().ready);
    })) {
    }
    if (interrupt_) return {};
    if (failure_) std::rethrow_exception(failure_);
    std::vector<Prepared> taken;
    while (taken.size() < limit && !slots_.empty() && slots_.front().ready) {
      taken.push_back(std::move(slots_.front().prepared));
      slots_.pop_front();
      ++first_;
    }
    if (!taken.empty()) changed_.notify_all();
    return taken;
  }

 private:
  struct Slot {
    bool ready = false;
    Prepared prepared;
  };

  void run() {
    try {
      while (std::optional<std::pair<std::size_t, Input>> next = claim()) {
        Prepared prepared = prepare(next->second);
        const std::scoped_lock lock(mutex_);
        slots_[next->first - first_] = {true, std::move(prepared)};
        changed_.notify_all();
      }
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  /// The next input and its number, when the window has room; nothing at the end.
  std::optional<std::pair<std::size_t, Input>> claim() {
    // The source may be slow (a pipe): it is asked outside `mutex_`, one thread at a time.
    const std::scoped_lock source_lock(source_mutex_);
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ended_ || slots_.size() < window_; });
      if (ended_) return std::nullopt;
    }
    std::optional<Input> input = source_(ended_);
    const std::scoped_lock lock(mutex_);
    if (!input || ended_) {
      ended_ = true;
      changed_.notify_all();
      return std::nullopt;
    }
    slots_.emplace_back();
    return std::pair{first_ + slots_.size() - 1, std::move(*input)};
  }

  Prepared prepare(const Input& input) const {
    Prepared prepared{input.name, {}, {}};
    const auto fail = [&](ErrorKind kind, const std::string& why) {
      prepared.error = Error(kind, input.name + ": " + why, input.file);
    };
    try {
      prepared.picture = captioner_.prepare(read_input(input, interrupt_), image_options_);
    } catch (const Error& error) {
      if (!concerns_one_image(error.kind())) throw;
      fail(error.kind(), error.what());
    } catch (const std::bad_alloc&) {
      fail(ErrorKind::too_large, "there is not enough memory to read it");
    }
    return prepared;
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  const Captioner& captioner_;
  const InputSource& source_;
  const std::atomic<bool>& interrupt_;
  const ImageOptions image_options_;
  const std::size_t window_;

  std::mutex source_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Slot> slots_;  // inputs [first_, first_ + slots_.size())
  std::size_t first_ = 0;
  std::atomic<bool> ended_ = false;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

/// Records on their way to the sink: they come in any order and leave in that of the inputs.
class Outgoing {
 public:
  explicit Outgoing(const RecordSink& sink) : sink_(sink) {}

  /// The next input's record, still without captions. -> its number
  std::size_t add(Prepared& prepared) {
    waiting_.push_back({{std::move(prepared.name),
                         {},
                         std::move(prepared.error),
                         std::move(prepared.picture.thumbnail),
                         prepared.picture.truncated},
                        false});
    return first_ + waiting_.size() - 1;
  }

  void complete(std::size_t number, std::vector<Caption> captions) {
    Waiting& waiting = waiting_.at(number - first_);
    waiting.record.captions = std::move(captions);
    waiting.complete = true;
  }

  /// Gives the sink what is complete, up to the first that is not.
  void write(BatchSummary& summary) {
    while (!waiting_.empty() && (waiting_.front().complete || waiting_.front().record.error)) {
      const Record record = std::move(waiting_.front().record);
      waiting_.pop_front();
      ++first_;
      sink_(record);
      ++(record.error ? summary.failed : summary.captioned);
    }
  }

 private:
  struct Waiting {
    Record record;
    bool complete;
  };

  const RecordSink& sink_;
  std::deque<Waiting> waiting_;
  std::size_t first_ = 0;  // number of the front
};

}  // namespace

BatchSummary caption_all(Captioner& captioner, const InputSource& source, const RecordSink& sink,
                         const BatchOptions& options, const std::atomic<bool>& interrupt) {
  BatchSummary summary;
  const std::unique_ptr<CaptionScheduler> scheduler = captioner.schedule(options.decode, options.sizes);
  Outgoing outgoing(sink);
  Readers readers(captioner, source, options, interrupt);
  for (;;) {
    const bool idle = scheduler->idle();
    std::vector<Prepared> inputs = readers.take(scheduler->room(), idle);
    if (idle && inputs.empty()) break;
    for (Prepared& input : inputs) {
      const bool readable = !input.error;
      const std::size_t number = outgoing.add(input);
      if (readable) scheduler->add(number, std::move(input.picture));
    }
    for (ScheduledCaptions& result : scheduler->advance())
      outgoing.complete(result.image, std::move(result.captions));
    outgoing.write(summary);
  }
  summary.interrupted = interrupt;
  return summary;
}

}  // namespace caption
