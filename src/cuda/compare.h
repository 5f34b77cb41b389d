#pragma once

#include <string>
#include <vector>

#include "cuda/kernels.h"

namespace caption::cuda {

/// How a kernel did beside another's.
struct Comparison {
  std::string kernel;     ///< "top_tokens fp16"
  double difference = 0;  ///< the largest of all values; infinity if a token, a status or a NaN differs
  double allowed = 0;

  bool passed() const { return difference <= allowed; }
};

/// Runs every kernel in both types on the same made-up input, of the sizes of GPT-2 (124M) and of a photo.
/// Throws what the kernels throw. On the CPU it takes less than a second.
std::vector<Comparison> compare_kernels(const Kernels& device, const Kernels& reference);

}  // namespace caption::cuda
