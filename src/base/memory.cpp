#include "base/memory.h"

#include <sys/mman.h>

#include <new>

namespace caption {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

std::shared_ptr<std::byte> allocate_memory(std::size_t bytes) {
  const std::size_t alignment = bytes < 2 * kHugePage ? kMemoryAlignment : kHugePage;
  auto* const memory = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment}));
  // Only advice: without huge pages everything works, slower.
  if (alignment == kHugePage) ::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return {memory, [alignment](std::byte* p) { ::operator delete (p, std::align_val_t{alignment}); }};
}

}  // namespace caption
