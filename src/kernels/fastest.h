#pragma once

#include <span>
#include <string>

#include "kernels/kernels.h"

namespace caption::kernels {

/// Kernels put together of several sets' by what was measured.
struct Fastest {
  Kernels kernels;   ///< its own name is the fp32 products'
  std::string name;  ///< "avx512_vnni", or with sets of more than one "avx2, int8 avx512_vnni"
};

/// Multiplies with each of `sets`, at least one, some fractions of a millisecond per type, and takes the
/// products of each type from the set that was fastest; all else from that of the fp32 products. A set counts
/// as faster than a later one only by a twentieth and more. As all sets give the same bits, nothing else
/// depends on it: products of bf16 by tiles, which do not, are taken whenever a set has them.
Fastest fastest_of(std::span<const Kernels* const> sets);

}  // namespace caption::kernels
