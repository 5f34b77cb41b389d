#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace caption {

// What the encoders read out of an image's positions, in new tensors of fp32. On the CPU these are copies and
// sums of our own, shared among `parallel_for`'s threads; on other devices LibTorch's operators.

/// pixels [B, 3, R, R] -> [B, (R / side)^2, 3 * side * side]: the squares row by row, each in the order of a
/// convolution's weights. `side` divides R.
at::Tensor patches(const at::Tensor& pixels, std::int64_t side);

/// x [B, H, W, C] -> [B, (H - 1) / stride + 1, (W - 1) / stride + 1, 9 * C]: each position's 3 x 3
/// neighbourhood, zeros outside.
at::Tensor neighbourhoods(const at::Tensor& x, std::int64_t stride);

/// x [B, H, W, C] -> [B, H / side, W / side, C]: the mean over side x side, rounded down at the edges.
at::Tensor average_pool(const at::Tensor& x, std::int64_t side);

/// first [B or 1, 1, C], rest [B, N, C], positions [N + 1, C] -> [B, N + 1, C]: first before rest, plus
/// positions.
at::Tensor with_positions(const at::Tensor& first, const at::Tensor& rest, const at::Tensor& positions);

/// The same by LibTorch's operators, for any device.
namespace by_aten {
at::Tensor patches(const at::Tensor& pixels, std::int64_t side);
at::Tensor neighbourhoods(const at::Tensor& x, std::int64_t stride);
at::Tensor average_pool(const at::Tensor& x, std::int64_t side);
at::Tensor with_positions(const at::Tensor& first, const at::Tensor& rest, const at::Tensor& positions);
}  // namespace by_aten

}  // namespace caption
