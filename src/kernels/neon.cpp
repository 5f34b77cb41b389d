#include "kernels/kernels.h"

#if defined(__aarch64__)

#include <arm_neon.h>

namespace caption::kernels {
namespace {

#include "kernels/neon.h"
#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

/// Pairs of products are at most 2 * 128 * 127, which 16 bits hold.
int32x4_t products(int32x4_t sum, int8x16_t x, int8x16_t w) {
  const int16x8_t first = vmull_s8(vget_low_s8(x), vget_low_s8(w));
  const int16x8_t second = vmull_high_s8(x, w);
  return vpadalq_s16(sum, vpaddq_s16(first, second));
}

#include "kernels/neon_int8.h"
// It uses what the one before defines.
#include "kernels/body.h"

}  // namespace

extern const Kernels kNeon = make_kernels("neon");

}  // namespace caption::kernels

#endif
