#include "kernels/weight_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>

namespace caption {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kBlock = std::size_t{64} << 20;
constexpr std::size_t kAlignment = 64;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

/// Memory straight from the system, which backs only what is written to.
class Block {
 public:
  explicit Block(std::size_t bytes) : size_(round_up(bytes, kHugePage)) {
    // Mapped with a huge page to spare, and cut down to where one begins.
    const std::size_t mapped = size_ + kHugePage;
    void* const start =
        ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    auto* const first = static_cast<std::byte*>(start);
    const std::size_t before = round_up(reinterpret_cast<std::uintptr_t>(first), kHugePage) -
                               reinterpret_cast<std::uintptr_t>(first);
    if (before > 0) ::munmap(first, before);
    if (before < kHugePage) ::munmap(first + before + size_, kHugePage - before);
    data_ = first + before;
    // Only advice: without huge pages everything works, slower.
    ::madvise(data_, size_, MADV_HUGEPAGE);
  }
  ~Block() { ::munmap(data_, size_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// The next `bytes`, or nullptr if there are not so many left.
  std::byte* take(std::size_t bytes) {
    if (size_ - used_ < bytes) return nullptr;
    std::byte* const piece = data_ + used_;
    used_ += round_up(bytes, kAlignment);
    return piece;
  }

 private:
  std::size_t size_;
  std::size_t used_ = 0;
  std::byte* data_ = nullptr;
};

/// The block that pieces are taken from. It lives as long as they do.
std::mutex turn;
std::weak_ptr<Block> current;

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes) {
  const std::lock_guard lock(turn);
  std::shared_ptr<Block> block = current.lock();
  std::byte* piece = block ? block->take(bytes) : nullptr;
  if (piece == nullptr) {
    block = std::make_shared<Block>(std::max(bytes, kBlock));
    current = block;
    piece = block->take(bytes);
  }
  data_ = std::shared_ptr<const std::byte>(block, piece);
}

}  // namespace caption
