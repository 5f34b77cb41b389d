// The test device itself: it must see what it is there for.

#include "accelerator.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace caption {
namespace {

at::Tensor there(const at::Tensor& x) {
  return x.to(accelerator::device());
}

TEST(Accelerator, ComputesAsTheCpu) {
  at::manual_seed(1);
  const at::Tensor a = at::randn({5, 7});
  const at::Tensor b = at::randn({7, 3});
  EXPECT_TRUE(at::equal(at::mm(there(a), there(b)).cpu(), at::mm(a, b)));
  EXPECT_TRUE(at::equal(at::cat({there(a), there(a)}, 1).cpu(), at::cat({a, a}, 1)));
  at::Tensor view = there(a);
  view.narrow(1, 2, 3).transpose(0, 1).add_(1);  // views share memory
  EXPECT_TRUE(at::equal(view.cpu().narrow(1, 2, 3), a.narrow(1, 2, 3) + 1));
  EXPECT_TRUE(at::equal(view.cpu().narrow(1, 0, 2), a.narrow(1, 0, 2)));
}

TEST(Accelerator, RefusesTensorsOfSeveralDevices) {
  const at::Tensor a = at::ones({2, 2});
  EXPECT_THROW(there(a) + a, c10::Error);
  EXPECT_THROW(a.mul(there(a)), c10::Error);
  EXPECT_THROW(at::cat({there(a), a}, 0), c10::Error);
  EXPECT_THROW(there(a).index_select(0, at::tensor({1}, at::kLong)), c10::Error);
  EXPECT_THROW(there(a).index({at::tensor({1}, at::kLong)}), c10::Error);
  EXPECT_NO_THROW(there(a) + at::scalar_tensor(2.0));
}

TEST(Accelerator, RefusesShapesThatDependOnValues) {
  const at::Tensor a = there(at::ones({2, 2}));
  EXPECT_THROW(at::nonzero(a), c10::Error);
  EXPECT_THROW(a.masked_select(a.gt(0)), c10::Error);
  EXPECT_THROW(a.index({a.gt(0)}), c10::Error);
}

TEST(Accelerator, CountsCopiesAndWaits) {
  const accelerator::Counts before = accelerator::counts();
  const at::Tensor a = there(at::ones({4}));
  const at::Tensor b = a + a;
  const accelerator::Counts computed = accelerator::counts() - before;
  EXPECT_EQ(computed.to_device, 1);
  EXPECT_EQ(computed.to_host, 0);
  EXPECT_EQ(computed.scalars, 0);
  EXPECT_EQ(computed.operators, 1);
  b.cpu();
  b.sum().item<float>();
  at::equal(a, b);
  const accelerator::Counts read = accelerator::counts() - before;
  EXPECT_EQ(read.to_host, 1);
  EXPECT_EQ(read.bytes_to_host, 16);
  EXPECT_EQ(read.scalars, 2);
}

}  // namespace
}  // namespace caption
