#include "kernels/work.h"

#include <atomic>

namespace caption {
namespace {

// One addition per product of matrices costs nothing that could be measured.
std::atomic<std::int64_t> bytes_so_far = 0;
std::array<std::atomic<std::int64_t>, kArithmetics> operations_so_far{};

}  // namespace

Work operator-(const Work& later, const Work& earlier) {
  Work work{later.bytes - earlier.bytes, {}};
  for (std::size_t i = 0; i < kArithmetics; ++i)
    work.operations[i] = later.operations[i] - earlier.operations[i];
  return work;
}

Work& Work::operator+=(const Work& other) {
  bytes += other.bytes;
  for (std::size_t i = 0; i < kArithmetics; ++i) operations[i] += other.operations[i];
  return *this;
}

void count_work(Arithmetic type, std::int64_t operations, std::int64_t bytes) {
  bytes_so_far.fetch_add(bytes, std::memory_order_relaxed);
  operations_so_far[static_cast<std::size_t>(type)].fetch_add(operations, std::memory_order_relaxed);
}

Work work_so_far() {
  Work work{bytes_so_far.load(std::memory_order_relaxed), {}};
  for (std::size_t i = 0; i < kArithmetics; ++i)
    work.operations[i] = operations_so_far[i].load(std::memory_order_relaxed);
  return work;
}

}  // namespace caption
