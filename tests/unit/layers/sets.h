#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/parallel.h"

namespace caption {

/// The instruction sets of this processor.
inline std::vector<kernels::InstructionSet> instruction_sets() {
  std::vector<kernels::InstructionSet> sets;
  for (const auto set : kernels::kInstructionSets) {
    if (kernels::find(set) != nullptr) sets.push_back(set);
  }
  return sets;
}

/// Uses an instruction set and a number of threads while it lives.
class Using {
 public:
  explicit Using(kernels::InstructionSet set, int thread_count = 1) {
    kernels::force(set);
    set_threads(thread_count);
  }
  ~Using() {
    kernels::force(instruction_sets().back());
    set_threads(0);
  }
};

/// Whether two contiguous fp32 tensors are the same bit for bit.
inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && std::memcmp(a.const_data_ptr<float>(), b.const_data_ptr<float>(),
                                               static_cast<std::size_t>(a.numel()) * sizeof(float)) == 0;
}

}  // namespace caption
