#include "doctor/kernels.h"

#include <cstdio>
#include <string>
#include <vector>

#include "caption/error.h"
#include "kernels/compare_kernels.h"

namespace caption {
namespace {

using kernels::InstructionSet;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", value);
  return text;
}

[[noreturn]] void differs(const std::string& what, const std::string& advice) {
  throw Error(ErrorKind::model, what + ": " + advice);
}

}  // namespace

void check_kernels(Checks& checks, const kernels::Kernels& kernels, const kernels::Kernels& reference) {
  checks.look("kernels " + std::string(kernels.name), [&] {
    const std::vector<kernels::KernelComparison> comparisons = kernels::compare_kernels(kernels, reference);
    std::string wrong;
    std::string own_order;
    for (const kernels::KernelComparison& comparison : comparisons) {
      if (!comparison.passed())
        wrong += (wrong.empty() ? "" : ", ") + comparison.kernel + " by " + number(comparison.difference);
      if (comparison.allowed > 0) own_order = ", but for the order of " + comparison.kernel;
    }
    if (!wrong.empty()) {
      differs("not what the portable ones give: " + wrong,
              "the processor or the build is faulty: test the machine's memory, and send this report to "
              "those who "
              "make caption");
    }
    return std::to_string(comparisons.size()) + " kernels give the bits of the portable ones" + own_order;
  });
}

void check_cpu_kernels(Checks& checks) {
  const kernels::Kernels& portable = *kernels::find(InstructionSet::portable);
  for (const InstructionSet set : kernels::kInstructionSets) {
    if (set == InstructionSet::portable) continue;  // what the others are compared with
    if (const kernels::Kernels* kernels = kernels::find(set)) {
      check_kernels(checks, *kernels, portable);
    } else {
      checks.skip("kernels " + std::string(name_of(set)), "this processor does not have these instructions");
    }
  }
}

}  // namespace caption
