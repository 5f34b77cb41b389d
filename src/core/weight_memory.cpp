#include "core/weight_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace caption {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, std::max(size, alignment));
  if (memory == nullptr) throw std::bad_alloc();
  // Only advice: without huge pages everything works, slower.
  if (alignment == kHugePage) ::madvise(memory, size, MADV_HUGEPAGE);
  data_.reset(static_cast<std::byte*>(memory));
}

void WeightMemory::Free::operator()(std::byte* memory) const {
  std::free(memory);
}

}  // namespace caption
