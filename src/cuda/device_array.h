#pragma once

#include <cstddef>
#include <vector>

#include "cuda/kernels.h"

namespace caption::cuda {

/// An array in a device's memory, for checks.
template <typename T>
class DeviceArray {
 public:
  DeviceArray(const Kernels& kernels, std::size_t size)
      : kernels_(kernels),
        size_(size),
        memory_(static_cast<T*>(kernels.allocate((size == 0 ? 1 : size) * sizeof(T)))) {}
  DeviceArray(const Kernels& kernels, const std::vector<T>& values) : DeviceArray(kernels, values.size()) {
    kernels.copy_in(memory_, values.data(), size_ * sizeof(T));
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { kernels_.release(memory_); }

  T* data() const { return memory_; }

  /// After all work in the queues.
  std::vector<T> values() const {
    std::vector<T> result(size_);
    kernels_.copy_out(result.data(), memory_, size_ * sizeof(T));
    return result;
  }

 private:
  const Kernels& kernels_;
  std::size_t size_;
  T* memory_;
};

}  // namespace caption::cuda
