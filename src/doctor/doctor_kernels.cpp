#include "doctor/doctor_kernels.h"

#include <cstdio>
#include <string>
#include <vector>

#include "caption/error.h"
#include "kernels/compare_kernels.h"
#include "cuda/compare.h"
#include "cuda/cpu_kernels.h"

namespace caption {
namespace {

using kernels::InstructionSet;

const char* name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::portable:
      return "portable";
    case InstructionSet::avx2:
      return "avx2";
    case InstructionSet::avx512:
      return "avx512";
    case InstructionSet::avx512_vnni:
      return "avx512_vnni";
    case InstructionSet::avx512_bf16:
      return "avx512_bf16";
    case InstructionSet::amx:
      return "amx";
  }
  throw Error(ErrorKind::internal, "an instruction set without a name");
}

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
          "the GPU's results are wrong: use --device cpu, and send this report to those who make caption");
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
      checks.skip(std::string("kernels ") + name_of(set), "this processor does not have these instructions");
    }
  }
}

void check_gpu_kernels(Checks& checks, const cuda::Kernels& gpu, at::Device device) {
  std::vector<cuda::Comparison> comparisons;
  try {
    const at::DeviceGuard current(device);  // where kernels of our own run
    comparisons = cuda::compare_kernels(gpu, cuda::cpu_kernels());
  } catch (const std::exception& exception) {
    checks.look("gpu kernels", [&]() -> std::string {
      differs(message_of(exception), "look at nvidia-smi, or use --device cpu");
    });
  }
  for (const cuda::Comparison& comparison : comparisons) check_gpu_kernel(checks, comparison);
}

}  // namespace caption
