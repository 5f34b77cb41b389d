#pragma once

#include <ATen/ATen.h>

#include "kernels/kernels.h"
#include "cuda/kernels.h"
#include "doctor/checks.h"

namespace caption {

/// A line for each instruction set: whether its functions give what the portable ones give.
void check_cpu_kernels(Checks& checks);
/// The line of one of them.
void check_kernels(Checks& checks, const kernels::Kernels& kernels, const kernels::Kernels& reference);

/// A line for each of our own kernels on the GPU `device`, beside the same ones on the CPU; one line if they
/// do not run.
void check_gpu_kernels(Checks& checks, const cuda::Kernels& gpu, at::Device device);

}  // namespace caption
