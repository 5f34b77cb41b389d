#include "libtorch/engine/limits.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

#include "libtorch/engine/use_libtorch.h"

namespace caption {
namespace {

constexpr std::size_t kRounds = 3;
constexpr int kRepeats = 10;  ///< of a call in one round

double seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of one call, many of which go into the device's queue; `result` is what it leaves. The median of some
/// rounds, after one that warms up and does not count.
double seconds_of(const at::Tensor& result, const std::function<void()>& call) {
  const auto round = [&] {
    return seconds([&] {
      for (int i = 0; i < kRepeats; ++i) call();
      static_cast<void>(result.flatten()[0].item());  // waits for the queue
    });
  };
  round();
  std::array<double, kRounds> rounds{};
  for (double& one : rounds) one = round();
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2] / kRepeats;
}

/// Bytes that are read and written.
double copied_bytes_per_second(at::Device device, std::int64_t bytes) {
  const at::Tensor from = at::zeros({bytes}, at::TensorOptions(device).dtype(at::kByte));
  const at::Tensor to = at::empty_like(from);
  return 2 * static_cast<double>(bytes) / seconds_of(to, [&] { to.copy_(from); });
}

double fp16_operations_per_second(at::Device device, std::int64_t side) {
  const at::Tensor a = at::rand({side, side}, at::TensorOptions(device).dtype(at::kHalf));
  at::Tensor product = at::empty_like(a);
  const auto n = static_cast<double>(side);
  return 2 * n * n * n / seconds_of(product, [&] { at::mm_out(product, a, a); });
}

}  // namespace

DeviceLimits measure_limits(at::Device device, const LimitSizes& sizes) {
  return use_libtorch(device, [&] {
    DeviceLimits limits;
    limits.memory_gb_per_s = copied_bytes_per_second(device, sizes.copied_bytes) * 1e-9;
    limits.fp16_gflop_per_s = fp16_operations_per_second(device, sizes.matrix_side) * 1e-9;
    return limits;
  });
}

}  // namespace caption
