#include "doctor/speed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <utility>

#include "kernels/machine_peaks.h"
#include "kernels/work.h"
#include "measure/expected_time.h"

namespace caption {
namespace {

constexpr std::size_t kRounds = 3;

double seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The middle of some rounds, after one that fills caches and does not count.
double median_seconds(const std::function<double()>& round_seconds) {
  round_seconds();
  std::array<double, kRounds> rounds{};
  for (double& round : rounds) round = round_seconds();
  std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
  return rounds[kRounds / 2];
}

double rate(const MachinePeaks& peaks, Arithmetic type) {
  return peaks.operations_per_second[static_cast<std::size_t>(type)] * 1e-9;
}

/// The least time for what the CPU's arithmetic did, or nothing if a peak is not known.
std::optional<double> least_seconds(const Work& work, const DeviceLimits& limits) {
  const std::array<double, kArithmetics> rates = rates_by_type(limits);
  if (limits.memory_gb_per_s <= 0) return std::nullopt;
  double arithmetic = 0;
  for (std::size_t i = 0; i < kArithmetics; ++i) {
    if (work.operations[i] == 0) continue;
    if (rates[i] <= 0) return std::nullopt;
    arithmetic += static_cast<double>(work.operations[i]) * 1e-9 / rates[i];
  }
  return std::max(arithmetic, static_cast<double>(work.bytes) * 1e-9 / limits.memory_gb_per_s);
}

/// Likewise for a batch on a GPU, by the model's sizes.
std::optional<double> least_seconds(const SpeedTask& task, const Workload& work) {
  const DeviceLimits& limits = task.limits;
  if (!task.sizes || limits.memory_gb_per_s <= 0 || limits.fp16_gflop_per_s <= 0) return std::nullopt;
  return expected_seconds(*task.sizes, work,
                          {limits.memory_gb_per_s * 1e9, limits.fp16_gflop_per_s * 1e9, 0});
}

DoctorSpeed measure(Captioner& captioner, const std::vector<Picture>& batch, int beam,
                    const SpeedTask& task) {
  DecodeOptions decode;
  decode.beam = beam;
  DoctorSpeed speed{task.precision, static_cast<int>(batch.size()), beam};
  Work work;
  const double time = median_seconds([&] {
    std::vector<Picture> pictures = batch;  // copied before the time starts
    return seconds([&] {
      const Work before = work_so_far();
      for (const std::vector<Caption>& captions : captioner.caption(std::move(pictures), decode))
        speed.tokens = std::max(speed.tokens, static_cast<int>(captions.at(0).tokens.size()));
      work = work_so_far() - before;
    });
  });
  const auto images = static_cast<double>(batch.size());
  const Workload load{speed.batch, beam, speed.tokens};
  const std::optional<double> least = task.cpu ? least_seconds(work, task.limits) : least_seconds(task, load);
  speed.images_per_second = images / time;
  if (least) speed.limit_images_per_second = images / *least;
  if (task.t4 && task.sizes)
    speed.expected_images_per_second = images / expected_seconds(*task.sizes, load, kT4WithGraphs);
  return speed;
}

}  // namespace

DeviceLimits cpu_limits() {
  const MachinePeaks peaks = measure_peaks();
  DeviceLimits limits;
  limits.memory_gb_per_s = peaks.bytes_per_second * 1e-9;
  limits.fp32_gflop_per_s = rate(peaks, Arithmetic::fp32);
  limits.bf16_gflop_per_s = rate(peaks, Arithmetic::bf16);
  limits.int8_gflop_per_s = rate(peaks, Arithmetic::int8);
  return limits;
}

std::array<double, kArithmetics> rates_by_type(const DeviceLimits& limits) {
  return {limits.fp32_gflop_per_s, limits.bf16_gflop_per_s, limits.int8_gflop_per_s};
}

std::vector<DoctorSpeed> measure_speeds(Captioner& captioner, const std::vector<Picture>& pictures,
                                        const SpeedTask& task) {
  std::vector<DoctorSpeed> speeds;
  for (const std::size_t size :
       task.cpu ? std::vector<std::size_t>{1, 8} : std::vector<std::size_t>{1, 8, 32}) {
    std::vector<Picture> batch;
    for (std::size_t i = 0; i < size; ++i) batch.push_back(pictures[i % pictures.size()]);
    for (const int beam : {1, 5}) speeds.push_back(measure(captioner, batch, beam, task));
  }
  return speeds;
}

}  // namespace caption
