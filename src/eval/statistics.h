#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "eval/metrics.h"

namespace caption::eval {

/// How often, and with which random numbers.
struct Resampling {
  int times = 1000;
  std::uint64_t seed = 0;
};

struct Interval {
  double low = 0;
  double high = 0;
};

/// Between which values 95 % of a metric lie if the pictures are drawn anew, each time as many, with
/// replacement (percentile bootstrap). CIDEr's document frequencies stay what they are.
std::array<Interval, kMetrics> bootstrap(std::span<const Measured> pictures, const Resampling& resampling);

/// One metric of two ways to caption the same pictures.
struct Difference {
  double value = 0;        ///< of the second less of the first
  Interval interval;       ///< as of `bootstrap`, the same pictures drawn for both
  double p = 1;            ///< of a difference at least as large if the two were the same (see `compare`)
  std::size_t better = 0;  ///< pictures whose value the second has higher
  std::size_t worse = 0;
};

/// `first` and `second`: of the same pictures, in the same order. The test is one of approximate
/// randomisation, two-sided: each picture's two captions change places or do not.
std::array<Difference, kMetrics> compare(std::span<const Measured> first, std::span<const Measured> second,
                                         const Resampling& resampling);

}  // namespace caption::eval
