#pragma once

#include <array>
#include <functional>

#include "kernels/work.h"

namespace caption {

/// What this machine can do at most with `threads()` threads, as loops of nothing else get it. 0: not known,
/// as there is no such loop for this processor.
struct MachinePeaks {
  double bytes_per_second = 0;  ///< reading memory that no cache holds
  /// By Arithmetic, of multiply-adds as two each, in registers alone. Where the kernels widen a type, they cannot be
  /// faster with it than with fp32, whose peak stands there.
  std::array<double, kArithmetics> operations_per_second{};
};

/// Measures them, in about half a second. Needs 256 MB for a while.
MachinePeaks measure_peaks();

/// Seconds of the fastest of several runs: at least three, and for at least `least` seconds. With one thread
/// they are its processor time, which other processes disturb least; otherwise the clock on the wall.
double best_seconds(const std::function<void()>& run, double least = 0.1);

}  // namespace caption
