#pragma once

#include <string>
#include <vector>

#include "measure/demand.h"

namespace caption {

/// What a device can do at most, from its data sheet or measured on it.
struct DeviceRates {
  double bytes_per_second = 0;    ///< from and to its memory
  double flops_per_second = 0;    ///< of fp16 matrix products
  double seconds_per_kernel = 0;  ///< that a launch takes, beside what the kernel does
};

/// The T4's data sheet, without any cost of launches: no program is faster.
inline constexpr DeviceRates kT4Limits{320e9, 65e12, 0};
/// What we assume that a good program gets of a T4: 70 % of the memory's rate, 40 % of the tensor cores' (the
/// board's 70 W do not allow more for long), and 2 us per kernel inside a CUDA graph. Assumptions, not
/// measurements.
inline constexpr DeviceRates kT4WithGraphs{0.7 * kT4Limits.bytes_per_second, 0.4 * kT4Limits.flops_per_second,
                                           2e-6};
/// Likewise with every kernel launched by the host, through LibTorch's dispatcher: 8 us each.
inline constexpr DeviceRates kT4Eager{kT4WithGraphs.bytes_per_second, kT4WithGraphs.flops_per_second, 8e-6};

/// The time that a stage must take: that of its bytes or of its operations, whichever is longer, and that of
/// its launches.
double expected_seconds(const StageDemand& demand, const DeviceRates& device);

/// Of all stages of a batch, one after the other, in seconds. Reading, resizing and copying images to the
/// device are not in it: they overlap with the batch before.
double expected_seconds(const ModelSizes& model, const Workload& work, const DeviceRates& device);

}  // namespace caption
