#pragma once

#include "cuda/block.h"
#include "cuda/kernels.h"

namespace caption::cuda {

/// The same kernels on the CPU, slowly: what a GPU's results are compared with. "Device" memory is the
/// host's. An `order` for each way in which blocks and threads may follow one another.
const Kernels& cpu_kernels(Order order = Order::ascending);

}  // namespace caption::cuda
