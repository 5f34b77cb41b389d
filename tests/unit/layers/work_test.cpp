#include "kernels/work.h"

#include <gtest/gtest.h>

#include "on_aten.h"

namespace caption {
namespace {

constexpr auto kFp32 = static_cast<std::size_t>(Arithmetic::fp32);

TEST(Work, AProductReadsItsMatrixOnce) {
  struct Case {
    DType type;
    Arithmetic arithmetic;
    std::int64_t bytes;  // of a weight, and of the numbers that each output has besides
    std::int64_t per_output;
  };
  for (const Case& c : {Case{DType::fp32, Arithmetic::fp32, 4, 4}, Case{DType::bf16, Arithmetic::bf16, 2, 4},
                        Case{DType::int8, Arithmetic::int8, 1, 12}}) {
    const CpuLinear layer(at::randn({128, 64}), at::randn({128}), {c.type});
    for (const std::int64_t rows : {1, 7, 100}) {
      const Work before = work_so_far();
      layer(at::randn({rows, 64}));
      const Work work = work_so_far() - before;
      EXPECT_EQ(work.bytes, 128 * 64 * c.bytes + 128 * c.per_output);
      EXPECT_EQ(work.operations[static_cast<std::size_t>(c.arithmetic)], 2 * rows * 128 * 64);
    }
  }
}

TEST(Work, AttentionIsTwoProducts) {
  const at::Tensor q = at::randn({2, 5, 128});
  const at::Tensor k = at::randn({2, 9, 128});
  const Work before = work_so_far();
  cpu_attention(q, k, k, 2, false);
  Work work = work_so_far() - before;
  EXPECT_EQ(work.operations[kFp32], 2 * 2 * 5 * 9 * 2 * 128);
  EXPECT_EQ(work.bytes, 0);
  // A causal one leaves out what comes later.
  cpu_attention(q, q, q, 2, true);
  work = work_so_far() - before;
  EXPECT_EQ(work.operations[kFp32], 2 * 2 * (5 * 9 + 15) * 2 * 128);
}

}  // namespace
}  // namespace caption
