#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "caption/captioner.h"
#include "caption/doctor.h"
#include "measure/demand.h"

namespace caption {

/// Of the CPU: kernels/machine_peaks.h.
DeviceLimits cpu_limits();

/// Sizes of what a GPU's limits are measured with.
struct LimitSizes {
  std::int64_t copied_bytes = std::int64_t{1} << 28;
  std::int64_t matrix_side = 4096;
};

/// Of a GPU: a copy within its memory, and an fp16 product of two square matrices. Throws what LibTorch
/// throws.
DeviceLimits gpu_limits(at::Device device, const LimitSizes& sizes = {});

/// What the speeds are measured beside.
struct SpeedTask {
  bool cpu = true;
  bool t4 = false;
  DeviceLimits limits;
  std::optional<ModelShape> shape;  ///< of the model
  Precision precision = Precision::fp32;
};

/// Captions the pictures, taken again from the first if there are fewer, greedily and with a beam of 5, in
/// batches of several sizes: the middle of three rounds, after one that fills caches.
std::vector<DoctorSpeed> measure_speeds(Captioner& captioner, const std::vector<Picture>& pictures,
                                        const SpeedTask& task);

}  // namespace caption
