#pragma once

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

}  // namespace caption
