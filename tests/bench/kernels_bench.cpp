// Speed of the CPU kernels as a share of what this machine can do, both measured in the same run.
// Usage: kernels_bench [THREADS [SET]]   (default 1: other processes disturb it least; SET as in kernels.h)

#include <ATen/ATen.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "core/kernels.h"
#include "core/layers.h"
#include "core/parallel.h"
#include "core/weight_memory.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace caption {
namespace {

/// With one thread its processor time, which other processes disturb least; otherwise the clock on the wall.
double now() {
  timespec time{};
  ::clock_gettime(threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Seconds of the fastest of several runs.
double best_time(const std::function<void()>& run) {
  double best = std::numeric_limits<double>::infinity();
  const double end = now() + 0.1;
  for (int i = 0; i < 3 || now() < end; ++i) {
    const double start = now();
    run();
    best = std::min(best, now() - start);
  }
  return best;
}

constexpr int kRounds = 1 << 20;

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
#endif

/// A loop of nothing but a type's fastest multiply-adds.
struct PeakLoop {
  void (*run)() = nullptr;
  double operations = 0;  ///< in one run; a multiply-add is two
};

PeakLoop peak_loop(at::ScalarType type) {
#if defined(__x86_64__)
  using kernels::InstructionSet;
  if (type == at::kChar && kernels::find(InstructionSet::avx512_vnni) != nullptr)
    return {vnni_avx512, kRounds * 2.0 * 24 * 64};
  if (type == at::kBFloat16 && kernels::find(InstructionSet::avx512_bf16) != nullptr)
    return {bf16_avx512, kRounds * 2.0 * 24 * 32};
  if (kernels::find(InstructionSet::avx512) != nullptr) return {fma_avx512, kRounds * 2.0 * 24 * 16};
  if (kernels::find(InstructionSet::avx2) != nullptr) return {fma_avx2, kRounds * 2.0 * 12 * 8};
#endif
  return {};
}

/// 10^9 operations per second of that loop on all threads. 0 where this program has none.
double peak_rate(at::ScalarType type) {
  const PeakLoop loop = peak_loop(type);
  if (loop.run == nullptr) return 0;
  const double time = best_time([&] {
    parallel_for(static_cast<std::size_t>(threads()), [&](std::size_t begin, std::size_t end) {
      for (; begin < end; ++begin) loop.run();
    });
  });
  return loop.operations * threads() / time * 1e-9;
}

/// GB/s of reading memory that no cache holds, on all threads.
double peak_bandwidth() {
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  const WeightMemory memory(kBytes);
  std::fill_n(reinterpret_cast<char*>(memory.data()), kBytes, 1);
  const double time = best_time([&] {
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
  });
  return kBytes / time * 1e-9;
}

struct Matrix {
  std::int64_t out, in, rows;
};

/// A precision, and what this machine can do at most.
struct Type {
  const char* name;
  Compute compute;
  double bytes;  ///< of a weight
  double peak;   ///< 10^9 operations per second
};

/// Microseconds of one product, over enough copies of the matrix that each is cold when its turn comes.
void report(const Matrix& s, const Type& type, double bandwidth) {
  const double bytes = static_cast<double>(s.out * s.in) * type.bytes;
  const int copies = static_cast<int>(std::clamp(300e6 / bytes, 2.0, 60.0));
  const at::Tensor weight = at::randn({s.out, s.in});
  const at::Tensor x = at::randn({s.rows, s.in});
  std::vector<Linear> layers;
  for (int i = 0; i < copies; ++i) layers.emplace_back(weight, at::zeros({s.out}), type.compute);
  const double time = best_time([&] {
                        for (const Linear& layer : layers) layer(x);
                      }) /
                      copies;
  const double rate = 2.0 * static_cast<double>(s.rows * s.out * s.in) / time * 1e-9;
  std::printf("%6ld x %4ld, %4ld rows %-7s %9.1f us  %6.1f Gop/s (%3.0f%%)  %5.1f GB/s (%3.0f%%)", s.out,
              s.in, s.rows, type.name, time * 1e6, rate, type.peak > 0 ? 100 * rate / type.peak : 0,
              bytes / time * 1e-9, 100 * bytes / time * 1e-9 / bandwidth);
  if (type.compute.weights == at::kFloat) {
    std::vector<at::Tensor> copies_of_weight;
    for (int i = 0; i < copies; ++i) copies_of_weight.push_back(weight.clone());
    const double theirs = best_time([&] {
                            for (const at::Tensor& w : copies_of_weight) at::linear(x, w, {});
                          }) /
                          copies;
    std::printf("   at::linear %9.1f us", theirs * 1e6);
  }
  std::printf("\n");
}

void report_attention(std::int64_t batch, std::int64_t heads, std::int64_t tokens) {
  const at::Tensor qkv = at::randn({batch, tokens, 3 * heads * 64});
  const std::vector<at::Tensor> parts = qkv.chunk(3, -1);
  const double ours = best_time([&] { attention(parts[0], parts[1], parts[2], heads, false); });
  const auto split = [&](const at::Tensor& t) {
    return t.reshape({batch, tokens, heads, 64}).transpose(1, 2);
  };
  const double theirs = best_time([&] {
    at::scaled_dot_product_attention(split(parts[0]), split(parts[1]), split(parts[2]))
        .transpose(1, 2)
        .contiguous();
  });
  std::printf("attention [%ld, %ld, %ld, 64] %9.1f us   ATen %9.1f us\n", batch, heads, tokens, ours * 1e6,
              theirs * 1e6);
}

void run(int thread_count, const char* set) {
  set_threads(thread_count);
  using kernels::InstructionSet;
  for (const auto forced : {InstructionSet::portable, InstructionSet::avx2, InstructionSet::avx512,
                            InstructionSet::avx512_vnni, InstructionSet::avx512_bf16}) {
    const kernels::Kernels* kernel = kernels::find(forced);
    if (set != nullptr && kernel != nullptr && kernel->name == set) kernels::force(forced);
  }
  const double bandwidth = peak_bandwidth();
  const double fp32 = peak_rate(at::kFloat);
  const double bf16 = peak_rate(at::kBFloat16);
  const double int8 = peak_rate(at::kChar);
  std::printf("%d threads, %.*s: peak Gop/s %.0f fp32, %.0f bf16, %.0f int8; reads %.1f GB/s\n", threads(),
              static_cast<int>(kernels::active().name.size()), kernels::active().name.data(), fp32, bf16,
              int8, bandwidth);
  for (const Type& type :
       {Type{"fp32", {at::kCPU, at::kFloat}, 4, fp32}, Type{"bf16", {at::kCPU, at::kBFloat16}, 2, bf16},
        Type{"int8", {at::kCPU, at::kChar}, 1, int8},
        Type{"int8x16", {at::kCPU, at::kChar, Activations::bits16}, 1, int8}}) {
    for (const Matrix& shape : {Matrix{768, 768, 1},
                                {2304, 768, 1},
                                {2304, 768, 5},
                                {3072, 768, 5},
                                {768, 3072, 5},
                                {3072, 768, 8},
                                {3072, 768, 40},
                                {50257, 768, 1},
                                {50257, 768, 5},
                                {50257, 768, 40},
                                {2304, 768, 50},
                                {3072, 768, 50},
                                {768, 3072, 50},
                                {768, 768, 400},
                                {3072, 768, 400},
                                {768, 3072, 400},
                                {4096, 1024, 577}}) {
      report(shape, type, bandwidth);
    }
  }
  report_attention(1, 12, 50);
  report_attention(8, 12, 50);
  report_attention(1, 16, 577);
}

}  // namespace
}  // namespace caption

int main(int argc, char** argv) {
  caption::run(argc > 1 ? std::atoi(argv[1]) : 1, argc > 2 ? argv[2] : nullptr);
}
