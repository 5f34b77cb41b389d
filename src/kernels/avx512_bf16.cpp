#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <immintrin.h>

// GCC 12 takes the "undefined" operands inside its own intrinsics for a mistake of the caller (its bug
// 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16")
#endif

namespace caption::kernels {
namespace {

#include "kernels/avx512.h"
#include "kernels/product.h"
#include "kernels/vnni.h"
// These use what those before define.
#include "kernels/bf16.h"
#include "kernels/body.h"

}  // namespace

extern const Kernels kAvx512Bf16 = make_kernels("avx512_bf16");

}  // namespace caption::kernels

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
