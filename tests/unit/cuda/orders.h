#pragma once

#include "cuda/cpu_kernels.h"

namespace caption::cuda {

/// A kernel's result must not depend on these.
inline constexpr Order kOrders[] = {Order::ascending, Order::descending, Order::scattered};

}  // namespace caption::cuda
