#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/activation.h"

/// The CPU arithmetic, written once (kernels_body.h) and compiled for each instruction set. Every sum has one
/// fixed order and every multiply-add is fused, so all instruction sets give the same bits.
namespace caption::kernels {

enum class InstructionSet { portable, avx2, avx512 };

/// Outputs that lie side by side in a packed matrix.
inline constexpr std::int64_t kPanel = 64;
/// Most rows that one call of a panel kernel takes.
inline constexpr std::int64_t kPanelRows = 6;

/// Keys and values of the positions that one row looks at. Position t's vectors, of one head, are at keys[t]
/// + offset and values[t] + offset.
struct Past {
  const float* const* keys;
  const float* const* values;
  std::int64_t offset;
  std::int64_t count;
};

struct Kernels {
  std::string_view name;

  /// sums[r][n] += sum over i of x[r * x_stride + i] * panel[i][n], i ascending; r < rows <= kPanelRows, n <
  /// 64, i < in.
  void (*panel_fp32)(const float* panel, std::int64_t in, const float* x, std::int64_t x_stride,
                     std::int64_t rows, float* sums);
  /// The same for a panel of bf16. Of each 32 neighbours, output n and n + 16 lie side by side (see
  /// `pack_bf16`).
  void (*panel_bf16)(const std::uint16_t* panel, std::int64_t in, const float* x, std::int64_t x_stride,
                     std::int64_t rows, float* sums);
  /// bf16 panel rows [in][64] -> fp32 panel rows [in][64]
  void (*widen)(const std::uint16_t* panel, std::int64_t in, float* widened);
  /// fp32 panel rows [in][64] -> bf16 panel rows, rounded to nearest even
  void (*pack_bf16)(const float* panel, std::int64_t in, std::uint16_t* packed);
  /// count halves -> floats
  void (*from_half)(const std::uint16_t* half, std::int64_t count, float* out);

  /// y[n] = curve(sums[n]) for n < count <= kPanel; `sums` holds kPanel floats.
  void (*finish)(const float* sums, Activation curve, std::int64_t count, float* y);
  /// y[n] += sums[n] for n < count <= kPanel
  void (*add)(const float* sums, std::int64_t count, float* y);
  /// y = (x - mean) / sqrt(variance + 1e-5) * weight + bias over `width` floats
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t width, float* y);
  /// x[i] = exp(scale * x[i]) / sum for i < count, then zeros up to `padded`, a multiple of 16.
  void (*softmax)(float* x, std::int64_t count, std::int64_t padded, float scale);
  /// out = softmax(scale * q . keys) values over `dim` floats, a multiple of 16. `scores` has room for
  /// past.count rounded up to 16.
  void (*attend)(const float* q, const Past& past, std::int64_t dim, float scale, float* scores, float* out);
};

/// The fastest set that this processor has, or the one that was forced.
const Kernels& active();
/// nullptr if this processor lacks it.
const Kernels* find(InstructionSet set);
/// For tests: makes `active` return this set, which the processor must have. Not while another thread
/// computes.
void force(InstructionSet set);

}  // namespace caption::kernels
