#include "libtorch/engine/staging_buffer.h"

#include <cstdint>
#include <cstring>

namespace caption {
namespace {

/// No value in a piece is larger.
constexpr std::size_t kAligned = 4;

}  // namespace

std::size_t StagingBuffer::add(const void* first, std::size_t bytes, std::size_t count, std::size_t step) {
  const std::size_t offset = bytes_;
  pieces_.push_back({static_cast<const std::byte*>(first), bytes, count, step, offset});
  bytes_ += (bytes * count + kAligned - 1) / kAligned * kAligned;
  return offset;
}

at::Tensor StagingBuffer::send(at::Device device) const {
  // Pinned memory is copied while the CPU goes on.
  const at::Tensor all = at::empty({static_cast<std::int64_t>(bytes_)},
                                   at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
  auto* const out = static_cast<std::byte*>(all.mutable_data_ptr());
  for (const Piece& piece : pieces_) {
    for (std::size_t i = 0; i < piece.count; ++i)
      std::memcpy(out + piece.offset + i * piece.bytes, piece.first + i * piece.step, piece.bytes);
  }
  return all.to(device, /*non_blocking=*/true);
}

}  // namespace caption
