#include "libtorch/engine/cuda_library.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace caption {
namespace {

TEST(CudaLibrary, CalculatesInTheTypesThatPrecisionNames) {
  use_full_precision();
  const at::Context& context = at::globalContext();
  EXPECT_FALSE(context.allowTF32CuDNN());
  EXPECT_FALSE(context.allowTF32CuBLAS());
  constexpr auto kReduced = at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK;
  EXPECT_NE(context.allowFP16ReductionCuBLAS(), kReduced);
  EXPECT_NE(context.allowBF16ReductionCuBLAS(), kReduced);
}

}  // namespace
}  // namespace caption
