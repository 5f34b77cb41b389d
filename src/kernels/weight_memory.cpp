#include "kernels/weight_memory.h"

#include <algorithm>
#include <mutex>

#include "base/memory.h"

namespace caption {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 20;

std::size_t round_up(std::size_t bytes) {
  return (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
}

/// Memory that pieces are taken from. The system backs only what is written to.
class Block {
 public:
  explicit Block(std::size_t bytes) : size_(round_up(bytes)), data_(allocate_memory(size_)) {}

  /// The next `bytes`, or nullptr if there are not so many left.
  std::byte* take(std::size_t bytes) {
    if (size_ - used_ < bytes) return nullptr;
    std::byte* const piece = data_.get() + used_;
    used_ += round_up(bytes);
    return piece;
  }

 private:
  std::size_t size_;
  std::size_t used_ = 0;
  std::shared_ptr<std::byte> data_;
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
