#include "kernels/kernels.h"

#if defined(__aarch64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC target("arch=armv8.2-a+dotprod")
#endif

#include <arm_neon.h>

namespace caption::kernels {
namespace {

#include "kernels/neon.h"
#include "kernels/product.h"

using Bf16Product = WidenedBf16Product;

/// In assembler, as Clang has the intrinsic only where all of a file is compiled for such processors.
int32x4_t products(int32x4_t sum, int8x16_t x, int8x16_t w) {
  asm("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(w), "w"(x));
  return sum;
}

#include "kernels/neon_int8.h"
// It uses what the one before defines.
#include "kernels/body.h"

}  // namespace

extern const Kernels kNeonDot = make_kernels("neon_dot");

}  // namespace caption::kernels

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
