#include "kernels/machine_peaks.h"

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/tiles.h"
#include "kernels/weight_memory.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace caption {
namespace {

/// For each of the loops.
constexpr double kSeconds = 0.1;

double now() {
  timespec time{};
  ::clock_gettime(threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Two milliseconds or so: long beside the start of threads, short beside what other processes take.
constexpr int kRounds = 1 << 18;

#if defined(__x86_64__)
// Each hides from the compiler that all sums are equal.

__attribute__((target("avx512f"))) void fma_avx512() {
  __m512 sum[24] = {};
  const __m512 one = _mm512_set1_ps(0.5F);
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 24
    for (auto& s : sum) {
      s = _mm512_fmadd_ps(one, one, s);
      asm volatile("" : "+v"(s));
    }
  }
}

__attribute__((target("avx512f,avx512bf16"))) void bf16_avx512() {
  __m512 sum[24] = {};
  const __m512bh ones = __builtin_bit_cast(__m512bh, _mm512_set1_epi32(0x3f803f80));
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 24
    for (auto& s : sum) {
      s = _mm512_dpbf16_ps(s, ones, ones);
      asm volatile("" : "+v"(s));
    }
  }
}

__attribute__((target("avx512f,avx512vnni"))) void vnni_avx512() {
  __m512i sum[24] = {};
  const __m512i ones = _mm512_set1_epi32(0x01010101);
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 24
    for (auto& s : sum) {
      s = _mm512_dpbusd_epi32(s, ones, ones);
      asm volatile("" : "+v"(s));
    }
  }
}

/// Four sums, each of 16 x 16 outputs.
template <typename Type>
void tiles_amx() {
  using namespace kernels::tiles;
  Configuration whole;
  std::fill_n(whole.rows, 8, 16);
  std::fill_n(whole.bytes, 8, 64);
  configure(whole);
  for (int i = 0; i < kRounds / 4; ++i) {
    Type::template add<0, 4, 6>();
    Type::template add<1, 4, 7>();
    Type::template add<2, 5, 6>();
    Type::template add<3, 5, 7>();
  }
  release_tiles();
}

__attribute__((target("avx2,fma"))) void fma_avx2() {
  __m256 sum[12] = {};
  const __m256 one = _mm256_set1_ps(0.5F);
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) {
      s = _mm256_fmadd_ps(one, one, s);
      asm volatile("" : "+x"(s));
    }
  }
}

/// As the kernels have it: see Int8Product in avx2.cpp.
__attribute__((target("avx2"))) void int8_avx2() {
  __m256i sum[12] = {};
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i bytes = _mm256_set1_epi8(1);
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) {
      __m256i weights = bytes;
      asm volatile("" : "+x"(weights));
      const __m256i pairs = _mm256_maddubs_epi16(bytes, _mm256_xor_si256(weights, ones));
      s = _mm256_add_epi32(s, _mm256_madd_epi16(pairs, ones));
      asm volatile("" : "+x"(s));
    }
  }
}

__attribute__((target("avx2,avxvnni"))) void vnni_avx() {
  __m256i sum[12] = {};
  const __m256i ones = _mm256_set1_epi32(0x01010101);
  for (int i = 0; i < kRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) {
      s = _mm256_dpbusd_avx_epi32(s, ones, ones);
      asm volatile("" : "+x"(s));
    }
  }
}
#endif

/// A loop of nothing but a type's fastest multiply-adds.
struct PeakLoop {
  void (*run)() = nullptr;
  double operations = 0;  ///< in one run
};

PeakLoop peak_loop(Arithmetic type) {
#if defined(__x86_64__)
  using kernels::InstructionSet;
  if (type != Arithmetic::fp32 && kernels::find(InstructionSet::amx) != nullptr) {
    constexpr double kOutputs = kRounds / 4 * 2.0 * 4 * 16 * 16;
    return type == Arithmetic::int8 ? PeakLoop{tiles_amx<kernels::tiles::Int8Tiles>, kOutputs * 64}
                                    : PeakLoop{tiles_amx<kernels::tiles::Bf16Tiles>, kOutputs * 32};
  }
  if (type == Arithmetic::int8 && kernels::find(InstructionSet::avx512_vnni) != nullptr)
    return {vnni_avx512, kRounds * 2.0 * 24 * 64};
  if (type == Arithmetic::bf16 && kernels::find(InstructionSet::avx512_bf16) != nullptr)
    return {bf16_avx512, kRounds * 2.0 * 24 * 32};
  if (type == Arithmetic::int8 && kernels::find(InstructionSet::avx512) == nullptr) {
    if (kernels::find(InstructionSet::avx_vnni) != nullptr) return {vnni_avx, kRounds * 2.0 * 12 * 32};
    if (kernels::find(InstructionSet::avx2) != nullptr) return {int8_avx2, kRounds * 2.0 * 12 * 32};
  }
  if (kernels::find(InstructionSet::avx512) != nullptr) return {fma_avx512, kRounds * 2.0 * 24 * 16};
  if (kernels::find(InstructionSet::avx2) != nullptr) return {fma_avx2, kRounds * 2.0 * 12 * 8};
#endif
  static_cast<void>(type);
  return {};
}

/// Operations per second on all threads.
double measure_operations(const PeakLoop& loop) {
  if (loop.run == nullptr) return 0;
  const auto count = static_cast<std::size_t>(threads());
  const auto on_all_threads = [&] {
    parallel_for(count, [&](std::size_t begin, std::size_t end) {
      for (; begin < end; ++begin) loop.run();
    });
  };
  return loop.operations * static_cast<double>(count) / best_seconds(on_all_threads, kSeconds);
}

/// Bytes per second on all threads.
double measure_reading() {
  constexpr std::size_t kBytes = std::size_t{1} << 28;
  WeightMemory memory(kBytes);
  std::fill_n(reinterpret_cast<char*>(memory.mutable_data()), kBytes, 1);
  const auto read = [&] {
    parallel_for(kBytes >> 20, [&](std::size_t begin, std::size_t end) {
      // One word of each cache line: the processor has little else to do than to wait for memory.
      const auto* words = reinterpret_cast<const std::uint64_t*>(memory.data());
      std::uint64_t sums[4] = {};
      for (std::size_t i = begin << 17; i < end << 17; i += 32) {
        for (std::size_t line = 0; line < 4; ++line) sums[line] += words[i + 8 * line];
      }
      volatile std::uint64_t sink = sums[0] + sums[1] + sums[2] + sums[3];
      static_cast<void>(sink);
    });
  };
  return static_cast<double>(kBytes) / best_seconds(read, kSeconds);
}

}  // namespace

double best_seconds(const std::function<void()>& run, double least) {
  double best = std::numeric_limits<double>::infinity();
  const double end = now() + least;
  for (int i = 0; i < 3 || now() < end; ++i) {
    const double start = now();
    run();
    best = std::min(best, now() - start);
  }
  return best;
}

MachinePeaks measure_peaks() {
  MachinePeaks peaks;
  for (std::size_t i = 0; i < kArithmetics; ++i)
    peaks.operations_per_second[i] = measure_operations(peak_loop(static_cast<Arithmetic>(i)));
  peaks.bytes_per_second = measure_reading();
  return peaks;
}

}  // namespace caption
