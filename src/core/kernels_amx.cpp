#include "core/kernels.h"
#include "core/tiles.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

// GCC 12 takes the "undefined" operands inside its own intrinsics for a mistake of the caller (its bug
// 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16")

namespace caption::kernels {
namespace {

using namespace tiles;

// Rows and matrices are rounded as without tiles; only the products are of their own.
#include "core/kernels_avx512.h"
#include "core/kernels_product.h"
#include "core/kernels_vnni.h"
// These use what those before define.
#include "core/kernels_bf16.h"
#include "core/kernels_body.h"

/// Rows of a tile, and words of its row.
constexpr std::int64_t kTile = 16;
constexpr std::int64_t kWord = 4;
constexpr std::int64_t kPanelStride = kPanel * kWord;
/// How many steps of a panel to ask for ahead of their use, if it is read once.
constexpr std::int64_t kTilesAhead = 4 * kTile;

/// 0 to 3: sums of `rows` rows, the last two of `more` rows if there are more than 16; 4 and 5: x; 6 and 7:
/// weights, `depth` steps of them. With 16 rows or fewer, 5 has weights, too.
Configuration tiles_for(std::int64_t rows, std::int64_t more, std::int64_t depth) {
  Configuration configuration;
  const auto set = [&](int tile, std::int64_t tile_rows, std::int64_t words) {
    configuration.rows[tile] = static_cast<std::uint8_t>(tile_rows);
    configuration.bytes[tile] = static_cast<std::uint16_t>(words * kWord);
  };
  for (const int sums : {0, 1}) set(sums, rows, kTile);
  for (const int sums : {2, 3}) set(sums, more > 0 ? more : rows, kTile);
  set(4, rows, depth);
  if (more > 0) {
    set(5, more, depth);
  } else {
    set(5, depth, kTile);
  }
  for (const int weights : {6, 7}) set(weights, depth, kTile);
  return configuration;
}

/// Up to 16 rows, all columns of the panel; `steps` is a multiple of what tiles are configured for, `depth`.
template <typename Type>
void low_block(const std::uint32_t* panel, std::int64_t steps, std::int64_t depth, const std::uint32_t* x,
               std::int64_t x_stride, typename Type::Sum* sums) {
  load_tile<0>(sums, kPanelStride);
  load_tile<1>(sums + kTile, kPanelStride);
  load_tile<2>(sums + 2 * kTile, kPanelStride);
  load_tile<3>(sums + 3 * kTile, kPanelStride);
  for (std::int64_t i = 0; i < steps; i += depth) {
    const std::uint32_t* part = panel + i * kPanel;
    const char* ahead = reinterpret_cast<const char*>(part + kTilesAhead * kPanel);
#pragma GCC unroll 8
    for (int line = 0; line < 64; ++line) __builtin_prefetch(ahead + line * 64, 0, 3);
    load_tile<4>(x + i, x_stride * kWord);
    load_tile<5>(part, kPanelStride);
    load_tile<6>(part + kTile, kPanelStride);
    load_tile<7>(part + 2 * kTile, kPanelStride);
    Type::template add<0, 4, 5>();
    load_tile<5>(part + 3 * kTile, kPanelStride);
    Type::template add<1, 4, 6>();
    Type::template add<2, 4, 7>();
    Type::template add<3, 4, 5>();
  }
  store_tile<0>(sums, kPanelStride);
  store_tile<1>(sums + kTile, kPanelStride);
  store_tile<2>(sums + 2 * kTile, kPanelStride);
  store_tile<3>(sums + 3 * kTile, kPanelStride);
}

/// 17 to 32 rows, 16 of them first, and half the columns of the panel.
template <typename Type>
void high_block(const std::uint32_t* panel, std::int64_t steps, std::int64_t depth, const std::uint32_t* x,
                std::int64_t x_stride, typename Type::Sum* sums) {
  const std::uint32_t* more_x = x + kTile * x_stride;
  typename Type::Sum* more_sums = sums + kTile * kPanel;
  load_tile<0>(sums, kPanelStride);
  load_tile<1>(sums + kTile, kPanelStride);
  load_tile<2>(more_sums, kPanelStride);
  load_tile<3>(more_sums + kTile, kPanelStride);
  for (std::int64_t i = 0; i < steps; i += depth) {
    const std::uint32_t* part = panel + i * kPanel;
    load_tile<6>(part, kPanelStride);
    load_tile<4>(x + i, x_stride * kWord);
    Type::template add<0, 4, 6>();
    load_tile<7>(part + kTile, kPanelStride);
    Type::template add<1, 4, 7>();
    load_tile<5>(more_x + i, x_stride * kWord);
    Type::template add<2, 5, 6>();
    Type::template add<3, 5, 7>();
  }
  store_tile<0>(sums, kPanelStride);
  store_tile<1>(sums + kTile, kPanelStride);
  store_tile<2>(more_sums, kPanelStride);
  store_tile<3>(more_sums + kTile, kPanelStride);
}

/// `steps` steps, a multiple of `depth`, for all rows. The half of the panel that the blocks share stays in
/// the first-level cache.
template <typename Type>
void multiply_whole(const std::uint32_t* panel, std::int64_t steps, std::int64_t depth,
                    const std::uint32_t* x, std::int64_t x_stride, std::int64_t rows,
                    typename Type::Sum* sums) {
  const std::int64_t even = rows / (2 * kTile) * (2 * kTile);
  if (even > 0) {
    configure(tiles_for(kTile, kTile, depth));
    for (std::int64_t half = 0; half < kPanel; half += 2 * kTile) {
      for (std::int64_t row = 0; row < even; row += 2 * kTile) {
        high_block<Type>(panel + half, steps, depth, x + row * x_stride, x_stride,
                         sums + row * kPanel + half);
      }
    }
  }
  const std::int64_t rest = rows - even;
  if (rest == 0) return;
  x += even * x_stride;
  sums += even * kPanel;
  if (rest <= kTile) {
    configure(tiles_for(rest, 0, depth));
    return low_block<Type>(panel, steps, depth, x, x_stride, sums);
  }
  configure(tiles_for(kTile, rest - kTile, depth));
  for (std::int64_t half = 0; half < kPanel; half += 2 * kTile)
    high_block<Type>(panel + half, steps, depth, x, x_stride, sums + half);
}

/// The last steps, if they do not fill a tile, go through smaller ones.
template <typename Type>
void multiply_by_tiles(const std::uint32_t* panel, std::int64_t steps, const std::uint32_t* x,
                       std::int64_t x_stride, std::int64_t rows, typename Type::Sum* sums) {
  const std::int64_t whole = steps / kTile * kTile;
  const std::int64_t rest = steps - whole;
  if (whole > 0) multiply_whole<Type>(panel, whole, kTile, x, x_stride, rows, sums);
  if (rest > 0) multiply_whole<Type>(panel + whole * kPanel, rest, rest, x + whole, x_stride, rows, sums);
  release_tiles();
}

constexpr Kernels make_amx_kernels() {
  Kernels kernels = make_kernels("amx");
  kernels.panel_bf16 = {multiply_by_tiles<Bf16Tiles>, 2 * kTile, kMostTileRows, 192};
  kernels.panel_int8 = {multiply_by_tiles<Int8Tiles>, 2 * kTile, kMostTileRows, 192};
  return kernels;
}

}  // namespace

extern const Kernels kAmx = make_amx_kernels();

/// Asks the system for the tiles' memory, once for this process. -> whether it grants it
bool allow_tiles() {
  constexpr long kRequest = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;     // XFEATURE_XTILEDATA
  return ::syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

}  // namespace caption::kernels

#endif
