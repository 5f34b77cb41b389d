// The kernels, included by each kernels_*.cpp inside its own unnamed namespace, after it has defined `Lanes`,
// 16 floats side by side, and, after product.h, Bf16Product and Int8Product. No header guard: it is
// meant to be included once per instruction set.
//
// Lanes' members: load, store, set, zero, fma(a, b, c) = a * b + c in one rounding, select_less(a, b, x, y) =
// a < b ? x : y, floor, power_of_two (2^n for whole n in [-126, 127]), load_upper_halves and
// load_lower_halves (of 16 words, widened from bf16), load_half, load_integers, store_bytes<S>(a, add, p)
// (of each lane's bits, the lowest byte of (bits >> S) + add), and the operators + - * /.
// kBlockRows is how many rows one matrix block has at most, and kBlockColumns<Rows> how many Lanes of each it
// then keeps in registers; kWidenedRows likewise for bf16 that is widened. kFetchNextPass: whether memory is
// asked for the next pass's part of a panel, or a fixed number of steps ahead. kPassSteps: how many steps
// several blocks of rows are taken through in turns, and kTileRows how many rows these are at most.

// A product that is then added to something must be written as fma(): a compiler may fuse the two for one
// instruction set and not for another.

#include "kernels/rows.h"
// It uses what the one before defines.
#include "kernels/pack.h"
// Likewise.
#include "kernels/depthwise.h"

void from_half(const std::uint16_t* half, std::int64_t count, float* out) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) Lanes::load_half(half + i).store(out + i);
  if (i == count) return;
  std::uint16_t rest[kLanes] = {};
  float converted[kLanes];
  for (std::int64_t j = i; j < count; ++j) rest[j - i] = half[j];
  Lanes::load_half(rest).store(converted);
  for (std::int64_t j = i; j < count; ++j) out[j] = converted[j - i];
}

constexpr Kernels make_kernels(std::string_view name) {
  return {.name = name,
          .panel_fp32 = in_passes(multiply<Fp32Product>, Lanes::kPassSteps),
          .panel_bf16 = in_passes(multiply<Bf16Product>, Bf16Product::kPassSteps),
          .panel_int8 = in_passes(multiply<Int8Product>, Lanes::kPassSteps),
          .bf16_input_words = Bf16Product::kInputWords,
          .round_bf16 = round_row<Bf16Product>,
          .pack_bf16 = pack_bf16,
          .int8_input_words = Int8Product::kInputWords,
          .quantize = quantize<Int8Product>,
          .quantize_finely = quantize_finely<Int8Product>,
          .pack_int8 = pack_int8,
          .begin_sums = begin_sums,
          .scale_sums = scale_sums,
          .from_half = from_half,
          .finish = finish,
          .add = add,
          .layer_norm = layer_norm,
          .softmax = softmax,
          .attend = attend,
          .depthwise = depthwise};
}
