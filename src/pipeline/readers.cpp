#include "pipeline/readers.h"

#include <chrono>
#include <new>

#include "inputs/read_input.h"

namespace caption {
namespace {

constexpr int kInterruptCheckMs = 50;

}  // namespace

Readers::Readers(const Captioner& captioner, const InputSource& source, const BatchOptions& options,
                 const std::atomic<bool>& interrupt)
    : captioner_(captioner),
      source_(source),
      interrupt_(interrupt),
      image_options_(options.image),
      in_order_(options.in_order),
      // One batch for the encoder, and one being prepared.
      window_(2 * static_cast<std::size_t>(options.sizes.encode_batch)) {
  for (int i = 0; i < options.readers; ++i) threads_.emplace_back([this] { run(); });
}

Readers::~Readers() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

std::map<std::size_t, std::optional<Prepared>>::iterator Readers::first_ready() {
  auto slot = slots_.begin();
  while (!in_order_ && slot != slots_.end() && !slot->second) ++slot;
  return slot != slots_.end() && slot->second ? slot : slots_.end();
}

std::vector<Prepared> Readers::take(std::size_t limit, bool wait) {
  std::unique_lock lock(mutex_);
  // A signal handler can set the interrupt but cannot notify, hence the look now and then.
  while (wait && !interrupt_ && !changed_.wait_for(lock, std::chrono::milliseconds(kInterruptCheckMs), [&] {
    return failure_ || first_ready() != slots_.end() || (slots_.empty() && ended_);
  })) {
  }
  if (interrupt_) return {};
  if (failure_) std::rethrow_exception(failure_);
  std::vector<Prepared> taken;
  for (auto slot = first_ready(); taken.size() < limit && slot != slots_.end(); slot = first_ready()) {
    taken.push_back(std::move(*slot->second));
    slots_.erase(slot);
  }
  if (!taken.empty()) changed_.notify_all();
  return taken;
}

void Readers::run() {
  try {
    while (std::optional<std::pair<std::size_t, Input>> next = claim()) {
      Prepared prepared = prepare(next->first, next->second);
      const std::scoped_lock lock(mutex_);
      slots_.at(next->first) = std::move(prepared);
      changed_.notify_all();
    }
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

std::optional<std::pair<std::size_t, Input>> Readers::claim() {
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
  const std::size_t number = claimed_++;
  slots_.emplace(number, std::nullopt);
  return std::pair{number, std::move(*input)};
}

Prepared Readers::prepare(std::size_t number, const Input& input) const {
  const bool is_file = !input.standard_input && !input.bytes;
  Prepared prepared{number, input.name, {}, {}, is_file ? state_of(input.file) : std::nullopt, input.key};
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

}  // namespace caption
