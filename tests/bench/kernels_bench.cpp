// Speed of the CPU kernels as a share of what this machine can do, both measured in the same run.
// Usage: kernels_bench [THREADS [SET]]   (default 1: other processes disturb it least; SET as in kernels.h)

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "../shared/aten.h"
#include "kernels/kernels.h"
#include "kernels/machine_peaks.h"
#include "kernels/parallel.h"
#include "layers/cpu.h"

namespace caption {
namespace {

struct Matrix {
  std::int64_t out, in, rows;
};

/// A precision, and what this machine can do at most.
struct Type {
  const char* name;
  CpuCompute compute;
  double bytes;  ///< of a weight
  double peak;   ///< 10^9 operations per second
};

/// Microseconds of one product, over enough copies of the matrix that each is cold when its turn comes.
void report(const Matrix& s, const Type& type, double bandwidth) {
  const double bytes = static_cast<double>(s.out * s.in) * type.bytes;
  const int copies = static_cast<int>(std::clamp(300e6 / bytes, 2.0, 60.0));
  const at::Tensor weight = at::randn({s.out, s.in});
  const at::Tensor x = at::randn({s.rows, s.in});
  const Tensor ours = from_aten(x);
  std::vector<Linear<Tensor>> layers;
  for (int i = 0; i < copies; ++i)
    layers.emplace_back(from_aten(weight), from_aten(at::zeros({s.out})), type.compute);
  const double time = best_seconds([&] {
                        for (const Linear<Tensor>& layer : layers) layer(ours);
                      }) /
                      copies;
  const double rate = 2.0 * static_cast<double>(s.rows * s.out * s.in) / time * 1e-9;
  std::printf("%6ld x %4ld, %4ld rows %-7s %9.1f us  %6.1f Gop/s (%3.0f%%)  %5.1f GB/s (%3.0f%%)", s.out,
              s.in, s.rows, type.name, time * 1e6, rate, type.peak > 0 ? 100 * rate / type.peak : 0,
              bytes / time * 1e-9, 100 * bytes / time * 1e-9 / bandwidth);
  if (type.compute.weights == DType::fp32) {
    std::vector<at::Tensor> copies_of_weight;
    for (int i = 0; i < copies; ++i) copies_of_weight.push_back(weight.clone());
    const double theirs = best_seconds([&] {
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
  const Tensor q = from_aten(parts[0]);
  const Tensor k = from_aten(parts[1]);
  const Tensor v = from_aten(parts[2]);
  const double ours = best_seconds([&] { Ops<Tensor>::attention(q, k, v, heads, false); });
  const auto split = [&](const at::Tensor& t) {
    return t.reshape({batch, tokens, heads, 64}).transpose(1, 2);
  };
  const double theirs = best_seconds([&] {
    at::scaled_dot_product_attention(split(parts[0]), split(parts[1]), split(parts[2]))
        .transpose(1, 2)
        .contiguous();
  });
  std::printf("attention [%ld, %ld, %ld, 64] %9.1f us   ATen %9.1f us\n", batch, heads, tokens, ours * 1e6,
              theirs * 1e6);
}

void run(int thread_count, const char* set) {
  set_threads(thread_count);
  for (const auto forced : kernels::kInstructionSets) {
    const kernels::Kernels* kernel = kernels::find(forced);
    if (set != nullptr && kernel != nullptr && kernel->name == set) kernels::force(forced);
  }
  const MachinePeaks peaks = measure_peaks();
  const double bandwidth = 1e-9 * peaks.bytes_per_second;
  const double fp32 = 1e-9 * peaks.operations_per_second[static_cast<std::size_t>(Arithmetic::fp32)];
  const double bf16 = 1e-9 * peaks.operations_per_second[static_cast<std::size_t>(Arithmetic::bf16)];
  const double int8 = 1e-9 * peaks.operations_per_second[static_cast<std::size_t>(Arithmetic::int8)];
  std::printf("%d threads, %.*s: peak Gop/s %.0f fp32, %.0f bf16, %.0f int8; reads %.1f GB/s\n", threads(),
              static_cast<int>(kernels::active().name.size()), kernels::active().name.data(), fp32, bf16,
              int8, bandwidth);
  for (const Type& type : {Type{"fp32", {DType::fp32}, 4, fp32}, Type{"bf16", {DType::bf16}, 2, bf16},
                           Type{"int8", {DType::int8, Activations::bits8}, 1, int8},
                           Type{"int8x16", {DType::int8, Activations::bits16}, 1, int8}}) {
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
