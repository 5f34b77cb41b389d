#pragma once

#if defined(__x86_64__)

#include <cstdint>

/// AMX's tiles: eight registers of up to 16 rows of 64 bytes. Wrappers of our own, as GCC 12's intrinsics
/// tell the compiler nothing of the memory that they touch, and take no number of a tile but a literal.
namespace caption::kernels::tiles {

/// What the instruction ldtilecfg reads.
struct alignas(64) Configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t bytes[16] = {};  ///< of a row
  std::uint8_t rows[16] = {};
};

inline void configure(const Configuration& configuration) {
  asm volatile("ldtilecfg %0" ::"m"(configuration) : "memory");
}

inline void release_tiles() {
  asm volatile("tilerelease" ::: "memory");
}

/// `stride` is in bytes, as below.
template <int Tile>
void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(Tile) : "memory");
}

template <int Tile>
void store_tile(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(Tile) : "memory");
}

/// Sums [rows][16] += x [rows][16 words] times a panel's part [16 words][16], as the kernels' words are.
struct Bf16Tiles {
  using Sum = float;
  template <int Sums, int X, int Weights>
  static void add() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(X), "i"(Weights));
  }
};
struct Int8Tiles {
  using Sum = std::int32_t;
  template <int Sums, int X, int Weights>
  static void add() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(X), "i"(Weights));
  }
};

}  // namespace caption::kernels::tiles

#endif
