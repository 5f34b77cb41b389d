#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <vector>

namespace caption {

/// Pieces of memory that go to a device together, in one copy.
class StagingBuffer {
 public:
  /// `count` pieces of `bytes` bytes, `step` bytes from one to the next; they must stay until the buffer is
  /// sent.
  /// -> the offset at which they will lie, one after the other; a multiple of 4
  std::size_t add(const void* first, std::size_t bytes, std::size_t count = 1, std::size_t step = 0);

  template <typename T>
  std::size_t add(const std::vector<T>& values) {
    return add(values.data(), values.size() * sizeof(T));
  }

  /// -> [bytes] uint8 on the device. The CPU does not wait for the copy.
  at::Tensor send(at::Device device) const;

 private:
  struct Piece {
    const std::byte* first;
    std::size_t bytes;
    std::size_t count;
    std::size_t step;
    std::size_t offset;
  };

  std::vector<Piece> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace caption
