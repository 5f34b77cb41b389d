#pragma once

#include <vector>

#include "caption/benchmark.h"
#include "cli/options.h"

namespace caption::cli {

/// The inputs' files. Without inputs, as many of the demo model's example pictures as a batch has; if they
/// are not installed, a picture made here, with a line on stderr that says so. Throws Error(usage) if the
/// inputs hold no image, or, with the image's name, why one cannot be read.
std::vector<BenchmarkImage> benchmark_images(const BenchConfig& config);

}  // namespace caption::cli
