#include "doctor/kernel_speed.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>

#include "doctor/speed.h"
#include "kernels/kernels.h"
#include "kernels/machine_peaks.h"
#include "kernels/packed_matrix.h"
#include "kernels/work.h"

namespace caption {
namespace {

constexpr double kSeconds = 0.2;  // for each product

struct Type {
  const char* name;
  DType weights;
  double bytes;  ///< of a weight
};
constexpr std::array<Type, kArithmetics> kTypes = {
    {{"fp32", DType::fp32, 4}, {"bf16", DType::bf16, 2}, {"int8", DType::int8, 1}}};

struct Shares {
  double many;  ///< with 50 rows
  double one;   ///< with one
};

/// By Arithmetic, of the kernels that were measured with nothing else on the machine: the median of five runs.
struct Known {
  std::string_view kernels;
  std::array<Shares, kArithmetics> shares;
};
constexpr Known kKnown[] = {
    {"avx2", {{{0.88, 1.22}, {0.77, 1.13}, {0.85, 1.41}}}},  // two cores of an AMD EPYC (Zen 3)
};

std::optional<Shares> known_shares(std::size_t type) {
  for (const Known& known : kKnown)
    if (known.kernels == kernels::active().name) return known.shares[type];
  return std::nullopt;
}

Tensor made_up(std::int64_t rows, std::int64_t columns) {
  Tensor tensor = Tensor::empty({rows, columns});
  float* const values = tensor.mutable_data();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(i % 251) / 125.0F - 1;
  return tensor;
}

double seconds_of(const PackedMatrix& matrix, std::int64_t rows) {
  const Tensor x = made_up(rows, matrix.in());
  Tensor y = Tensor::empty({rows, matrix.out()});
  return best_seconds(
      [&] {
        matrix.multiply({x.data(), matrix.in(), rows}, {y.mutable_data(), matrix.out()});
      },
      kSeconds);
}

PackedMatrix matrix_of(const Type& type, std::int64_t out, std::int64_t in) {
  return {pack_weights(made_up(out, in), Tensor(), type.weights), Activations::bits8};
}

double share_of_multiplying(const Type& type, double gflop_per_s) {
  constexpr std::int64_t kOut = 3072;
  constexpr std::int64_t kIn = 768;
  constexpr std::int64_t kRows = 50;
  const double operations = 2.0 * kRows * kOut * kIn;
  return operations / seconds_of(matrix_of(type, kOut, kIn), kRows) * 1e-9 / gflop_per_s;
}

double share_of_reading(const Type& type, double gb_per_s) {
  constexpr std::int64_t kOut = 1 << 16;
  constexpr std::int64_t kIn = 768;
  const double bytes = type.bytes * kOut * kIn;
  return bytes / seconds_of(matrix_of(type, kOut, kIn), 1) * 1e-9 / gb_per_s;
}

std::string percent(double share) {
  return std::to_string(std::lround(100 * share)) + "%";
}

}  // namespace

std::vector<KernelSpeed> measure_kernel_speeds(const DeviceLimits& limits) {
  const std::array<double, kArithmetics> rates = rates_by_type(limits);
  std::vector<KernelSpeed> speeds;
  for (std::size_t i = 0; i < kArithmetics; ++i) {
    if (rates[i] <= 0) continue;
    const std::optional<Shares> known = known_shares(i);
    const std::string name = kTypes[i].name;
    speeds.push_back({name + ", 50 rows", share_of_multiplying(kTypes[i], rates[i]),
                      known ? std::optional(known->many) : std::nullopt});
    speeds.push_back({name + ", one row", share_of_reading(kTypes[i], limits.memory_gb_per_s),
                      known ? std::optional(known->one) : std::nullopt});
  }
  return speeds;
}

void check_kernel_speeds(Checks& checks, const std::vector<KernelSpeed>& speeds) {
  constexpr const char* kName = "kernel speed";
  if (speeds.empty()) return checks.skip(kName, "it is not known what this processor can do");
  std::string found;
  std::string slow;
  const auto add = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : "; ") + item;
  };
  for (const KernelSpeed& speed : speeds) {
    add(found, speed.product + " " + percent(speed.share));
    if (speed.known && speed.share < *speed.known / 2)
      add(slow, speed.product + " " + percent(speed.share) + " of the limit, " + percent(*speed.known) +
                    " elsewhere");
  }
  if (slow.empty()) return void(checks.look(kName, [&] { return found + " of the limits"; }));
  checks.warn(kName, slow +
                         ": end other programs and look again; if it stays so, send this report to those "
                         "who make caption");
}

}  // namespace caption
