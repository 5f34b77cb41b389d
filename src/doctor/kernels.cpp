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

void check_gpu_kernel(Checks& checks, const cuda::Comparison& comparison) {
  checks.look("gpu kernel " + comparison.kernel, [&] {
    std::string text = "differs from the CPU's by " + number(comparison.difference) + ", allowed " +
                       number(comparison.allowed);
    if (!comparison.passed())
      differs(
          text,
          "the GPU's results are wrong: use the device cpu, and send this report to those who make caption");
    return text;
  });
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

void check_gpu_kernels(Checks& checks, const std::function<std::vector<cuda::Comparison>()>& compare) {
  std::vector<cuda::Comparison> comparisons;
  try {
    comparisons = compare();
  } catch (const std::exception& exception) {
    checks.look("gpu kernels", [&]() -> std::string {
      differs(message_of(exception), "look at nvidia-smi, or use the device cpu");
    });
  }
  for (const cuda::Comparison& comparison : comparisons) check_gpu_kernel(checks, comparison);
}

}  // namespace caption
