#include "cuda/cpu_kernels.h"

#include <cstring>
#include <memory>
#include <new>

#include "cuda/launch.h"

namespace caption::cuda {
namespace {

constexpr std::align_val_t kAlignment{16};

struct CpuLaunch {
  Order order;

  template <typename Kernel>
  void run(Grid grid, const typename Kernel::Args& args) const {
    const auto shared = std::make_unique<typename Kernel::Shared>();
    for (int i = 0; i < grid.x; ++i) {
      for (int j = 0; j < grid.y; ++j) {
        // A GPU's shared memory holds what the block before left there: nothing may rely on it.
        std::memset(static_cast<void*>(shared.get()), 0xA5, sizeof *shared);
        Kernel::run({in_order(order, i, grid.x), in_order(order, j, grid.y), order}, *shared, args);
      }
    }
  }
};

class CpuKernels : public Kernels {
 public:
  explicit CpuKernels(Order order) : launch_{order} {}

  void top_tokens(const TopTokens& request, Stream) const override { launch_top_tokens(request, launch_); }
  void resize(const Resize& request, Stream) const override { launch_resize(request, launch_); }
  void attend(const Attend& request, Stream) const override { launch_attend(request, launch_); }

  void* allocate(std::size_t bytes) const override { return ::operator new(bytes, kAlignment); }
  void release(void* memory) const override { ::operator delete(memory, kAlignment); }
  void copy_in(void* device, const void* host, std::size_t bytes) const override {
    std::memcpy(device, host, bytes);
  }
  void copy_out(void* host, const void* device, std::size_t bytes) const override {
    std::memcpy(host, device, bytes);
  }

  std::string versions() const override { return "kernels cpu\n"; }

 private:
  CpuLaunch launch_;
};

}  // namespace

std::size_t top_tokens_scratch(int rows, int vocabulary, int count) {
  const std::size_t chunks = static_cast<std::size_t>(rows) * static_cast<std::size_t>(chunks_of(vocabulary));
  return chunks * (sizeof(ChunkSum) + static_cast<std::size_t>(count) * sizeof(Entry));
}

const Kernels& cpu_kernels(Order order) {
  static const CpuKernels ascending(Order::ascending);
  static const CpuKernels descending(Order::descending);
  static const CpuKernels scattered(Order::scattered);
  if (order == Order::ascending) return ascending;
  return order == Order::descending ? descending : scattered;
}

}  // namespace caption::cuda
