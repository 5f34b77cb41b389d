#include "kernels/kernels.h"
#include "kernels/tiles.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

// GCC 12 takes the "undefined" operands inside its own intrinsics for a mistake of the caller (its bug
// 105593).
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#if defined(__clang__)
#pragma clang attribute push(                                                                          \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16"))), \
    apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,avx512vnni,avx512bf16")
#endif

namespace caption::kernels {
namespace {

using namespace tiles;

// Rows and matrices are rounded as without tiles; only the products are of their own.
#include "kernels/avx512.h"
#include "kernels/product.h"
#include "kernels/vnni.h"
// These use what those before define.
#include "kernels/bf16.h"
#include "kernels/body.h"

/// Rows of a tile, and words of its row.
constexpr std::int64_t kTile = 16;
constexpr std::int64_t kWord = 4;
constexpr std::int64_t kSumsStride = kPanel * kWord;
constexpr std::int64_t kWeightsStride = kColumn * kWord;
/// Up to so many rows, memory is what is waited for: the panel is asked for so many steps ahead of its use.
/// (With more rows, asking costs more than it brings.)
constexpr std::int64_t kFewRows = 4;
constexpr std::int64_t kTilesAhead = 4 * kTile;

/// 0 to 3: sums of `rows` rows; 4: x; 5 to 7: weights, `depth` steps of them.
Configuration tiles_for(std::int64_t rows, std::int64_t depth) {
  Configuration configuration;
  const auto set = [&](int tile, std::int64_t tile_rows, std::int64_t words) {
    configuration.rows[tile] = static_cast<std::uint8_t>(tile_rows);
    configuration.bytes[tile] = static_cast<std::uint16_t>(words * kWord);
  };
  for (const int sums : {0, 1, 2, 3}) set(sums, rows, kTile);
  set(4, rows, depth);
  for (const int weights : {5, 6, 7}) set(weights, depth, kTile);
  return configuration;
}

/// Asks the memory for a tile of each column.
void fetch_tiles(const std::uint32_t* words, std::int64_t column) {
  for (std::int64_t c = 0; c < kColumns; ++c) {
    const char* lines = reinterpret_cast<const char*>(words + c * column);
#pragma GCC unroll 16
    for (int line = 0; line < kTile; ++line) __builtin_prefetch(lines + line * kLine, 0, 3);
  }
}

/// Up to 16 rows, all columns of the panel; the steps are a multiple of what tiles are configured for,
/// `depth`. Four tiles of sums from one of x and four of weights: other shapes load fewer tiles for each
/// product, but this one streams rows from the second-level cache at half the rate, as the panel's part stays
/// in the first.
template <typename Type, bool Ahead>
void tile_block(const PanelPart<std::uint32_t>& panel, std::int64_t depth, const std::uint32_t* x,
                std::int64_t x_stride, typename Type::Sum* sums) {
  load_tile<0>(sums, kSumsStride);
  load_tile<1>(sums + kTile, kSumsStride);
  load_tile<2>(sums + 2 * kTile, kSumsStride);
  load_tile<3>(sums + 3 * kTile, kSumsStride);
  for (std::int64_t i = 0; i < panel.steps; i += depth) {
    const std::uint32_t* part = panel.words + i * kColumn;
    if constexpr (Ahead) {
      const std::int64_t ahead = i + kTilesAhead;
      fetch_tiles(
          ahead < panel.steps ? panel.words + ahead * kColumn : panel.next + (ahead - panel.steps) * kColumn,
          panel.column);
    }
    load_tile<4>(x + i, x_stride * kWord);
    load_tile<5>(part, kWeightsStride);
    load_tile<6>(part + panel.column, kWeightsStride);
    Type::template add<0, 4, 5>();
    load_tile<7>(part + 2 * panel.column, kWeightsStride);
    Type::template add<1, 4, 6>();
    load_tile<5>(part + 3 * panel.column, kWeightsStride);
    Type::template add<2, 4, 7>();
    Type::template add<3, 4, 5>();
  }
  store_tile<0>(sums, kSumsStride);
  store_tile<1>(sums + kTile, kSumsStride);
  store_tile<2>(sums + 2 * kTile, kSumsStride);
  store_tile<3>(sums + 3 * kTile, kSumsStride);
}

/// A part with a multiple of `depth` steps, for all rows.
template <typename Type>
void multiply_whole(const PanelPart<std::uint32_t>& panel, std::int64_t depth, const std::uint32_t* x,
                    std::int64_t x_stride, std::int64_t rows, typename Type::Sum* sums) {
  std::int64_t configured = 0;
  for (std::int64_t row = 0; row < rows; row += kTile) {
    const std::int64_t count = std::min(kTile, rows - row);
    if (count != configured) configure(tiles_for(configured = count, depth));
    const auto run = rows <= kFewRows ? tile_block<Type, true> : tile_block<Type, false>;
    run(panel, depth, x + row * x_stride, x_stride, sums + row * kPanel);
  }
}

/// The last steps, if they do not fill a tile, go through smaller ones.
template <typename Type>
void multiply_by_tiles(const PanelPart<std::uint32_t>& part, const std::uint32_t* x, std::int64_t x_stride,
                       std::int64_t rows, typename Type::Sum* sums) {
  const std::int64_t whole = part.steps / kTile * kTile;
  const std::int64_t rest = part.steps - whole;
  PanelPart<std::uint32_t> steps = part;
  if (whole > 0) {
    steps.steps = whole;
    multiply_whole<Type>(steps, kTile, x, x_stride, rows, sums);
  }
  if (rest > 0) {
    steps.words = part.words + whole * kColumn;
    steps.steps = rest;
    multiply_whole<Type>(steps, rest, x + whole, x_stride, rows, sums);
  }
  release_tiles();
}

constexpr Kernels make_amx_kernels() {
  Kernels kernels = make_kernels("amx");
  kernels.bf16_by_tiles = true;
  kernels.panel_bf16 = {multiply_by_tiles<Bf16Tiles>, kTile, kAllSteps, 4 * kTile, 128};
  kernels.panel_int8 = {multiply_by_tiles<Int8Tiles>, kTile, kAllSteps, 4 * kTile, 128};
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

#if defined(__clang__)
#pragma clang attribute pop
#endif

#endif
