#include "pipeline/batch.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "pipeline/read_input.h"

namespace caption {
namespace {

constexpr int kInterruptCheckMs = 50;

/// One input on its way: its pixels, or why there are none.
struct Prepared {
  std::string name;
  Pixels pixels;
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
        // One batch in the model, one being prepared.
        window_(2 * static_cast<std::size_t>(options.batch)) {
    for (int i = 0; i < options.readers; ++i) threads_.emplace_back([this] { run(); });
  }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers() { stop(); }

  /// Waits for the next input; takes up to `limit` inputs that are ready now. Empty at the end or on an
  /// interrupt.
  std::vector<Prepared> take(std::size_t limit) {
    std::unique_lock lock(mutex_);
    // A signal handler can set the interrupt but cannot notify, hence the look now and then.
    while (!interrupt_ && !changed_.wait_for(lock, std::chrono::milliseconds(kInterruptCheckMs), [&] {
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
    changed_.notify_all();
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
      prepared.pixels = captioner_.prepare(read_input(input, interrupt_), image_options_);
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

/// Captions what could be read and puts everything back in order.
std::vector<Record> caption_batch(Captioner& captioner, std::vector<Prepared> batch,
                                  const DecodeOptions& options) {
  std::vector<Pixels> pixels;
  std::vector<std::vector<std::byte>> thumbnails;
  for (Prepared& prepared : batch) {
    thumbnails.push_back(std::move(prepared.pixels.thumbnail));
    if (!prepared.error) pixels.push_back(std::move(prepared.pixels));
  }
  std::vector<std::vector<Caption>> captions;
  if (!pixels.empty()) captions = captioner.caption(pixels, options);
  std::vector<Record> records;
  std::size_t next = 0;
  for (Prepared& prepared : batch) {
    const bool failed = prepared.error.has_value();
    records.push_back({std::move(prepared.name),
                       failed ? std::vector<Caption>{} : std::move(captions.at(next)),
                       std::move(prepared.error), std::move(thumbnails.at(records.size()))});
    if (!failed) ++next;
  }
  return records;
}

}  // namespace

BatchSummary caption_all(Captioner& captioner, const InputSource& source, const RecordSink& sink,
                         const BatchOptions& options, const std::atomic<bool>& interrupt) {
  BatchSummary summary;
  Readers readers(captioner, source, options, interrupt);
  for (;;) {
    std::vector<Prepared> batch = readers.take(static_cast<std::size_t>(options.batch));
    if (batch.empty()) break;
    for (const Record& record : caption_batch(captioner, std::move(batch), options.decode)) {
      sink(record);
      ++(record.error ? summary.failed : summary.captioned);
    }
  }
  summary.interrupted = interrupt;
  return summary;
}

}  // namespace caption
