#include "files/mapped_ranges.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace caption {
namespace {

struct Range {
  std::atomic<std::uintptr_t> begin{0};  ///< 0: free
  std::atomic<std::uintptr_t> end{0};
  std::atomic<const char*> path{nullptr};
};

/// A model has three to five.
constexpr std::size_t kMost = 64;
std::array<Range, kMost> ranges;
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
                  std::atomic<const char*>::is_always_lock_free,
              "a signal handler may only use lock-free atomics");

std::uintptr_t number(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address);
}

}  // namespace

void remember_mapping(std::span<const std::byte> bytes, const char* path) {
  for (Range& range : ranges) {
    std::uintptr_t free = 0;
    if (!range.begin.compare_exchange_strong(free, number(bytes.data()))) continue;
    range.path = path;
    range.end = number(bytes.data()) + bytes.size();
    return;
  }
}

void forget_mapping(std::span<const std::byte> bytes) {
  for (Range& range : ranges) {
    if (range.begin != number(bytes.data())) continue;
    range.end = 0;
    range.path = nullptr;
    range.begin = 0;
    return;
  }
}

const char* mapped_file_at(const void* address) {
  for (const Range& range : ranges) {
    if (range.begin != 0 && range.begin <= number(address) && number(address) < range.end) return range.path;
  }
  return nullptr;
}

}  // namespace caption
