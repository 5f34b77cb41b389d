#pragma once

#include "kernels/kernels.h"
#include "doctor/checks.h"

namespace caption {

/// A line for each instruction set: whether its functions give what the portable ones give.
void check_cpu_kernels(Checks& checks);
/// The line of one of them.
void check_kernels(Checks& checks, const kernels::Kernels& kernels, const kernels::Kernels& reference);

}  // namespace caption
