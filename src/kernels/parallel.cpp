#include "kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace caption {
namespace {

using Body = std::function<void(std::size_t, std::size_t)>;

/// How long a thread looks for work before it sleeps: longer than the gap between two layers, shorter than a
/// person or another process would notice.
constexpr auto kSpin = std::chrono::microseconds(40);
/// More chunks than threads, so that a thread that was interrupted holds up the others only a little.
constexpr std::size_t kChunksPerThread = 16;

thread_local bool inside_body = false;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// Waits for `done` without sleeping. -> whether it came true in time
template <typename Condition>
bool spin_until(const Condition& done) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

void call(const Body& body, std::size_t begin, std::size_t end) noexcept {
  inside_body = true;
  body(begin, end);
  inside_body = false;
}

/// Fork and join on threads that stay. One job at a time, cut into chunks which whoever is awake takes: a job
/// is done when its chunks are, so a worker that wakes late is not waited for.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~Pool() {
    stop_.store(true);
    wake_.fetch_add(1);
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  void run(std::size_t count, const Body& body) {
    const std::size_t chunks = std::min(count, kChunksPerThread * (workers_.size() + 1));
    body_ = &body;
    count_ = count;
    chunks_ = chunks;
    pending_.store(static_cast<int>(chunks), std::memory_order_relaxed);
    unclaimed_.store(static_cast<int>(chunks));
    if (sleepers_.load() > 0) {
      wake_.fetch_add(1);
      wake_.notify_all();
    }
    while (run_chunk()) {
    }
    if (spin_until([&] { return pending_.load(std::memory_order_acquire) == 0; })) return;
    for (int left = pending_.load(std::memory_order_acquire); left != 0;
         left = pending_.load(std::memory_order_acquire)) {
      pending_.wait(left, std::memory_order_acquire);
    }
  }

 private:
  /// Takes a chunk of the job and does it. -> false if none is left. A claimed chunk keeps the job's fields
  /// as they are until it is reported in `pending_`.
  bool run_chunk() {
    int left = unclaimed_.load(std::memory_order_relaxed);
    do {
      if (left == 0) return false;
    } while (!unclaimed_.compare_exchange_weak(left, left - 1, std::memory_order_acquire));
    const std::size_t chunk = chunks_ - static_cast<std::size_t>(left);
    call(*body_, count_ * chunk / chunks_, count_ * (chunk + 1) / chunks_);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_all();
    return true;
  }

  void work() {
    while (!stop_.load()) {
      if (run_chunk()) continue;
      if (spin_until([&] { return unclaimed_.load(std::memory_order_relaxed) != 0; })) continue;
      const int seen = wake_.load();
      sleepers_.fetch_add(1);
      // Whoever posts a job now sees this sleeper, or this load sees the job.
      if (unclaimed_.load() == 0 && !stop_.load()) wake_.wait(seen);
      sleepers_.fetch_sub(1);
    }
  }

  const Body* body_ = nullptr;
  std::size_t count_ = 0;
  std::size_t chunks_ = 0;
  alignas(64) std::atomic<int> unclaimed_ = 0;
  alignas(64) std::atomic<int> pending_ = 0;
  alignas(64) std::atomic<int> wake_ = 0;
  std::atomic<int> sleepers_ = 0;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> workers_;
};

/// The pool, and the turn to use it.
struct Shared {
  std::mutex turn;
  std::unique_ptr<Pool> pool;
  std::atomic<int> threads = available_cores();
};

Shared& shared() {
  static Shared instance;
  return instance;
}

/// Cores that a control group's quota amounts to, rounded up; `cores` if there is no quota.
int within_quota(int cores) {
  std::string quota;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> quota >> period) {
    if (quota == "max" || period <= 0) return cores;
    return std::min(cores, static_cast<int>((std::stod(quota) + period - 1) / period));
  }
  double microseconds = 0;
  std::ifstream v1_quota("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  if (v1_quota >> microseconds && v1_period >> period && microseconds > 0 && period > 0) {
    return std::min(cores, static_cast<int>((microseconds + period - 1) / period));
  }
  return cores;
}

}  // namespace

int available_cores() {
  cpu_set_t set;
  int cores = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
  return std::max(1, within_quota(cores));
}

void set_threads(int count) {
  Shared& state = shared();
  const std::lock_guard lock(state.turn);
  state.threads = count > 0 ? count : available_cores();
  state.pool.reset();
}

int threads() {
  return shared().threads;
}

void parallel_for(std::size_t count, const Body& body) {
  if (count == 0) return;
  if (inside_body) return body(0, count);
  Shared& state = shared();
  if (count == 1 || state.threads == 1) return call(body, 0, count);
  const std::lock_guard lock(state.turn);
  if (!state.pool) state.pool = std::make_unique<Pool>(state.threads);
  state.pool->run(count, body);
}

}  // namespace caption
