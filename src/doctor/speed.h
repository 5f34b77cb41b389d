#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "caption/captioner.h"
#include "doctor/report.h"
#include "kernels/work.h"
#include "measure/demand.h"

namespace caption {

/// Of the CPU: kernels/machine_peaks.h.
DeviceLimits cpu_limits();
/// GFLOP/s by Arithmetic; 0: not known.
std::array<double, kArithmetics> rates_by_type(const DeviceLimits& limits);

/// What the speeds are measured beside.
struct SpeedTask {
  bool cpu = true;
  bool t4 = false;
  DeviceLimits limits;
  std::optional<ModelSizes> sizes;  ///< of the model
  Precision precision = Precision::fp32;
};

/// Captions the pictures, taken again from the first if there are fewer, greedily and with a beam of 5, in
/// batches of several sizes: the middle of three rounds, after one that fills caches.
std::vector<DoctorSpeed> measure_speeds(Captioner& captioner, const std::vector<Picture>& pictures,
                                        const SpeedTask& task);

}  // namespace caption
