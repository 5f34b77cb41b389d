#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernels/activation.h"

/// The CPU arithmetic, written once (body.h) and compiled for each instruction set. Every sum has one
/// fixed order and every multiply-add is fused, so all instruction sets give the same bits, but for one: AMX
/// adds up products of bf16 in an order of its own.
namespace caption::kernels {

static_assert(std::endian::native == std::endian::little, "rows of bytes are read as words");

/// avx_vnni has instructions for int8 on top of avx2, and avx512_vnni and avx512_bf16 have some for int8, and
/// for int8 and bf16, on top of avx512; amx has matrix registers for both.
///
/// neon is what every 64-bit Arm processor has; neon_dot has an instruction for int8 on top of it.
enum class InstructionSet { portable, avx2, avx_vnni, avx512, avx512_vnni, avx512_bf16, amx, neon, neon_dot };

/// Those for this kind of processor, the fastest one last.
#if defined(__aarch64__)
inline constexpr InstructionSet kInstructionSets[] = {InstructionSet::portable, InstructionSet::neon,
                                                      InstructionSet::neon_dot};
#else
inline constexpr InstructionSet kInstructionSets[] = {
    InstructionSet::portable, InstructionSet::avx2,        InstructionSet::avx_vnni,
    InstructionSet::avx512,   InstructionSet::avx512_vnni, InstructionSet::avx512_bf16,
    InstructionSet::amx};
#endif

/// Outputs that a product has at once, and those of them whose words lie side by side.
inline constexpr std::int64_t kPanel = 64;
inline constexpr std::int64_t kColumn = 16;

/// Keys and values of the positions that one row looks at. Position t's vectors, of one head, are at keys[t]
/// + offset and values[t] + offset.
struct Past {
  const float* const* keys;
  const float* const* values;
  std::int64_t offset;
  std::int64_t count;
};

/// A position that a depthwise convolution looks at, and its filter's weights there: a float per channel.
struct Tap {
  const float* x;
  const float* weights;
};

/// Where the sums of a row's products begin for them to be those of its integers: at zero * corrections[n] +
/// rest.
struct Origin {
  std::int32_t zero = 0;  ///< what stands for 0 in the row
  std::int32_t rest = 0;
};

/// Some steps of a panel: of each of its columns [steps][16] words.
template <typename Word>
struct PanelPart {
  const Word* words;
  std::int64_t column;  ///< words from one column to the next
  std::int64_t steps;
  const Word* next;  ///< where the part begins that is read after this one, with columns as far apart
  std::int64_t columns = kPanel / kColumn;  ///< that are wanted; the sums of the others may change or not
};

/// A product with a panel: sums[r][n] += sum over i of x[r][i] * panel[i][n], n < 64.
template <typename Word, typename Sum>
struct PanelProduct {
  /// x [rows][steps] words, x_stride from row to row; sums [rows][64].
  void (*run)(const PanelPart<Word>& part, const Word* x, std::int64_t x_stride, std::int64_t rows,
              Sum* sums);
  std::int64_t block_rows;   ///< rows for which `run` reads the panel only once
  std::int64_t block_steps;  ///< steps to take these through at once
  std::int64_t tile_rows;    ///< rows to take through a panel at once, at most kMostTileRows
  std::int64_t pass_steps;   ///< and steps to take all of them through, if there are several blocks
};

/// What a call of `PanelProduct::run` should have at most.
inline constexpr std::int64_t kMostTileRows = 96;
/// More than any panel has.
inline constexpr std::int64_t kAllSteps = std::numeric_limits<std::int64_t>::max();

struct Kernels {
  std::string_view name;

  /// In fp32, words of one input: i ascending.
  PanelProduct<float, float> panel_fp32;
  /// In words of two bf16, the earlier one in the upper half: panels of `pack_bf16`, x
  /// [rows][steps][bf16_input_words] of this set's `round_bf16`. The sums are as if all were widened to fp32,
  /// i ascending; with AMX in the order that PackedMatrix describes.
  PanelProduct<std::uint32_t, float> panel_bf16;
  /// In words of four integers, the earliest one in the lowest byte, the panel's signed and of magnitudes up
  /// to 127. Of x, what this set's `quantize` writes, whose Origin says where the sums must begin. Exact
  /// while they stay below 2^31.
  PanelProduct<std::uint32_t, std::int32_t> panel_int8;

  bool bf16_by_tiles = false;  ///< in AMX's order
  /// Words of a row for one step: 1 of two bf16, or 2 with them widened again.
  std::int64_t bf16_input_words;
  /// A row of `count` floats -> words of steps, rounded to nearest even, below 2^-56 to zero.
  void (*round_bf16)(const float* x, std::int64_t count, std::uint32_t* words);
  /// fp32 panel [in][64] -> words of two bf16, in columns that are `column` words apart; an odd last input is
  /// paired with zeros.
  void (*pack_bf16)(const float* panel, std::int64_t in, std::uint32_t* packed, std::int64_t column);
  /// Words of a row for one step of int8: 1 or 2.
  std::int64_t int8_input_words;
  /// A row of `count` floats -> integers, in words with room for a multiple of 16 of them: round(x / size),
  /// where 254 steps of the returned size reach from the lowest to the highest of the row and 0. If that is
  /// below 2e-30, the size is 0; with an infinity or a NaN in the row, it is a NaN.
  float (*quantize)(const float* x, std::int64_t count, std::uint32_t* words, Origin* origin);
  /// Likewise, in two bytes, 256 (high - 128) + low, of which the largest magnitude is 32767; origins [2] of
  /// both.
  float (*quantize_finely)(const float* x, std::int64_t count, std::uint32_t* high, std::uint32_t* low,
                           Origin* origins);
  /// fp32 panel [in][64] -> words of four int8 in four columns, each output with a size of step of its own,
  /// of which the largest magnitude is the 127th: scales [64]. corrections [64] are minus the sums of an
  /// output's integers, what a sum over x needs for each 1 that all of x is too large by.
  void (*pack_int8)(const float* panel, std::int64_t in, std::uint32_t* packed, float* scales,
                    std::int32_t* corrections);
  /// sums[n] = zero * corrections[n] + rest for n < 64: where the sums of a row's products with a panel
  /// begin.
  void (*begin_sums)(const Origin& origin, const std::int32_t* corrections, std::int32_t* sums);
  /// y[n] = (256 high[n] + low[n]) * x_scale * scales[n] + bias[n] for n < 64, without `low` high[n] * ...
  void (*scale_sums)(const std::int32_t* high, const std::int32_t* low, float x_scale, const float* scales,
                     const float* bias, float* y);
  /// count halves -> floats
  void (*from_half)(const std::uint16_t* half, std::int64_t count, float* out);

  /// y[n] = curve(sums[n]) for n < count. Both may be the same.
  void (*finish)(const float* sums, Activation curve, std::int64_t count, float* y);
  /// y[n] = curve(y[n] + sums[n]), likewise
  void (*add)(const float* sums, Activation curve, std::int64_t count, float* y);
  /// y = (x - mean) / sqrt(variance + eps) * weight + bias over `width` floats
  void (*layer_norm)(const float* x, const float* weight, const float* bias, std::int64_t width, float eps,
                     float* y);
  /// x[i] = exp(scale * x[i]) / sum for i < count, then zeros up to `padded`, a multiple of 16.
  void (*softmax)(float* x, std::int64_t count, std::int64_t padded, float scale);
  /// out = softmax(scale * q . keys) values over `dim` floats, a multiple of 16. `scores` has room for
  /// past.count rounded up to 16.
  void (*attend)(const float* q, const Past& past, std::int64_t dim, float scale, float* scores, float* out);
  /// y[c] = curve(bias[c] + sum over taps, in their order, of x[c] * weights[c]) for c < channels
  void (*depthwise)(std::span<const Tap> taps, const float* bias, std::int64_t channels, Activation curve,
                    float* y);
};

/// What is fastest on this processor, by what the first call measures if it has several sets (see
/// fastest.h), or the set that was forced.
const Kernels& active();
/// nullptr if this processor lacks it.
const Kernels* find(InstructionSet set);
/// "avx512_vnni": also the name of its kernels.
std::string_view name_of(InstructionSet set);
/// For comparisons: makes `active` return this set, which the processor must have. Not while another thread
/// computes.
void force(InstructionSet set);

}  // namespace caption::kernels
