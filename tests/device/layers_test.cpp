// The layers where the CPU's operators of LibTorch cannot show what a device does.

#include <gtest/gtest.h>

#include "accelerator.h"
#include "gpt2/gpt2.h"
#include "libtorch/layers/layers.h"
#include "unit/gpt2/tiny.h"

namespace caption {
namespace {

/// The output layer is the token embedding, which is there once.
TEST(DeviceLayers, CopyEachWeightOnce) {
  const Named named = tiny_gpt2();
  for (const DType type : {DType::fp32, DType::fp16}) {
    const accelerator::Counts before = accelerator::counts();
    const Gpt2<at::Tensor> gpt2(from_aten("tiny.pt", "", named), {accelerator::device(), type});
    const accelerator::Counts loaded = accelerator::counts() - before;
    EXPECT_EQ(loaded.to_device, static_cast<std::int64_t>(named.size()));
    EXPECT_EQ(loaded.to_host + loaded.scalars, 0);
  }
}

TEST(DeviceLayers, DoNotRoundLogits) {
  at::manual_seed(6);
  const at::Tensor x = at::randn({3, 30}).to(at::kHalf);
  const at::Tensor weight = at::randn({40, 30}).to(at::kHalf);
  const Linear<at::Tensor> linear(from_aten(weight), {}, {accelerator::device(), DType::fp16});
  const at::Tensor exact = at::matmul(x.to(at::kDouble), weight.t().to(at::kDouble)).to(at::kFloat);
  const at::Tensor there = x.to(accelerator::device());
  EXPECT_GT(largest_difference(linear(there).cpu().to(at::kFloat), exact), 1e-4);
  EXPECT_LT(largest_difference(linear.in_fp32(there).cpu(), exact), 1e-5);
}

}  // namespace
}  // namespace caption
