#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "pipeline/device_limits.h"

namespace caption {

/// With what limits are measured: large enough that nothing stays in a GPU's caches, and that every one of
/// its units works.
struct LimitSizes {
  std::int64_t copied_bytes = std::int64_t{1} << 28;
  std::int64_t matrix_side = 4096;
};

/// What a device of LibTorch's can do at most: its memory's rate and that of fp16 matrix products.
DeviceLimits measure_limits(at::Device device, const LimitSizes& sizes = {});

}  // namespace caption
