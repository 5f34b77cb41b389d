#pragma once

#include <functional>
#include <vector>

#include "cuda/compare.h"
#include "doctor/checks.h"
#include "kernels/kernels.h"

namespace caption {

/// A line for each instruction set: whether its functions give what the portable ones give.
void check_cpu_kernels(Checks& checks);
/// The line of one of them.
void check_kernels(Checks& checks, const kernels::Kernels& kernels, const kernels::Kernels& reference);

/// A line for each of our own kernels on a GPU, of which `compare` tells; one line if it throws.
void check_gpu_kernels(Checks& checks, const std::function<std::vector<cuda::Comparison>()>& compare);

}  // namespace caption
