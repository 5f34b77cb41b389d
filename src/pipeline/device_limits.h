#pragma once

namespace caption {

/// What a device can do at most, as loops of nothing else get it on it; 0: not measured, or not known for
/// this processor.
struct DeviceLimits {
  /// 10^9 bytes per second: on a GPU both read and written by a copy within its memory, on a CPU read.
  double memory_gb_per_s = 0;
  /// 10^9 operations per second; a multiply-add is two. On a GPU, fp16 matrix products; on a CPU,
  /// multiply-adds in registers.
  double fp32_gflop_per_s = 0;
  double fp16_gflop_per_s = 0;
  double bf16_gflop_per_s = 0;
  double int8_gflop_per_s = 0;
};

}  // namespace caption
