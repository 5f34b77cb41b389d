// Speed of the CPU kernels as a share of what this machine can do, both measured in the same run.
// Usage: kernels_bench [THREADS]   (default 1: other processes disturb it least)

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
#include "core/packed_matrix.h"
#include "core/parallel.h"

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

constexpr int kFmaRounds = 1 << 20;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) void fma_avx512() {
  __m512 sum[24] = {};
  const __m512 one = _mm512_set1_ps(0.5F);
  for (int i = 0; i < kFmaRounds; ++i) {
#pragma GCC unroll 24
    for (auto& s : sum) {
      s = _mm512_fmadd_ps(one, one, s);
      asm volatile("" : "+v"(s));  // hides that all sums are equal
    }
  }
}

__attribute__((target("avx2,fma"))) void fma_avx2() {
  __m256 sum[12] = {};
  const __m256 one = _mm256_set1_ps(0.5F);
  for (int i = 0; i < kFmaRounds; ++i) {
#pragma GCC unroll 12
    for (auto& s : sum) {
      s = _mm256_fmadd_ps(one, one, s);
      asm volatile("" : "+x"(s));  // hides that all sums are equal
    }
  }
}
#endif

/// GFLOP/s of nothing but fused multiply-adds, on all threads. 0 where this program has no such loop.
double peak_gflops() {
#if defined(__x86_64__)
  const bool wide = kernels::find(kernels::InstructionSet::avx512) != nullptr;
  if (!wide && kernels::find(kernels::InstructionSet::avx2) == nullptr) return 0;
  const double flops = kFmaRounds * 2.0 * (wide ? 24 * 16 : 12 * 8) * threads();
  const double time = best_time([&] {
    parallel_for(static_cast<std::size_t>(threads()), [&](std::size_t begin, std::size_t end) {
      for (; begin < end; ++begin) wide ? fma_avx512() : fma_avx2();
    });
  });
  return flops / time * 1e-9;
#else
  return 0;
#endif
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

/// Microseconds of one product, over enough copies of the matrix that each is cold when its turn comes.
void report(const Matrix& s, at::ScalarType type, double gflops, double bandwidth) {
  const double bytes = static_cast<double>(s.out * s.in) * (type == at::kFloat ? 4 : 2);
  const int copies = static_cast<int>(std::clamp(300e6 / bytes, 2.0, 60.0));
  const at::Tensor weight = at::randn({s.out, s.in});
  const at::Tensor x = at::randn({s.rows, s.in});
  std::vector<Linear> layers;
  for (int i = 0; i < copies; ++i) layers.emplace_back(weight, at::zeros({s.out}), Compute{at::kCPU, type});
  const double ours = best_time([&] {
                        for (const Linear& layer : layers) layer(x);
                      }) /
                      copies;
  const double flops = 2.0 * static_cast<double>(s.rows * s.out * s.in);
  std::printf("%6ld x %4ld, %4ld rows %s %9.1f us  %6.1f GFLOP/s (%3.0f%%)  %5.1f GB/s (%3.0f%%)", s.out,
              s.in, s.rows, type == at::kFloat ? "fp32" : "bf16", ours * 1e6, flops / ours * 1e-9,
              gflops > 0 ? 100 * flops / ours * 1e-9 / gflops : 0, bytes / ours * 1e-9,
              100 * bytes / ours * 1e-9 / bandwidth);
  if (type == at::kFloat) {
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

void run(int thread_count) {
  set_threads(thread_count);
  const double gflops = peak_gflops();
  const double bandwidth = peak_bandwidth();
  std::printf("%d threads, %.*s: peak %.0f GFLOP/s, reads %.1f GB/s\n", threads(),
              static_cast<int>(kernels::active().name.size()), kernels::active().name.data(), gflops,
              bandwidth);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
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
      report(shape, type, gflops, bandwidth);
    }
  }
  report_attention(1, 12, 50);
  report_attention(8, 12, 50);
  report_attention(1, 16, 577);
}

}  // namespace
}  // namespace caption

int main(int argc, char** argv) {
  caption::run(argc > 1 ? std::atoi(argv[1]) : 1);
}
