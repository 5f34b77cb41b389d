#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doctor/checks.h"
#include "pipeline/device_limits.h"

namespace caption {

/// How fast the kernels in use multiply, beside what the machine does at most.
struct KernelSpeed {
  std::string product;          ///< "fp32, 50 rows"
  double share = 0;             ///< 50 rows: of the rate of multiplying; one row: of the rate of reading
  std::optional<double> known;  ///< what these kernels reached where they were measured before
};

/// In each type that there is a limit for, with `threads()` threads: 50 rows, which an encoder of one picture
/// has, and one, which a step of one sequence has, and which has to read more weights than caches hold.
/// Takes some seconds.
std::vector<KernelSpeed> measure_kernel_speeds(const DeviceLimits& limits);

/// A line with all of them: a warning if one is less than half of what is known.
void check_kernel_speeds(Checks& checks, const std::vector<KernelSpeed>& speeds);

}  // namespace caption
