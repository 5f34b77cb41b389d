#pragma once

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace caption::kernels {

/// How a function of an instruction set did beside another set's.
struct KernelComparison {
  std::string kernel;     ///< "product fp32"
  double difference = 0;  ///< the largest of all values; infinity if one of them is a NaN
  double allowed = 0;     ///< 0: the same bits

  bool passed() const { return difference <= allowed; }
};

/// Runs every function of both on the same made-up input, with odd sizes. All must give the same bits, but
/// for products of bf16 with AMX, which adds up in an order of its own. The processor must have both sets.
/// Takes some milliseconds.
std::vector<KernelComparison> compare_kernels(const Kernels& kernels, const Kernels& reference);

}  // namespace caption::kernels
