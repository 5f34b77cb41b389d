// The test device itself: it must see what it is there for.

#include "accelerator.h"

#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
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

TEST(Accelerator, ReplaysWhatWasCapturedOverTheSameMemory) {
  const at::Tensor x = there(at::ones({3}));
  const at::Tensor sum = there(at::zeros({3}));
  int factor = 2;  // a number of the CPU's: a graph keeps the one that it was captured with
  const auto step = [&] {
    const at::Tensor product = x * factor;
    sum.add_(at::cat({product.narrow(0, 0, 2), product.narrow(0, 0, 1)}));
    accelerator::launch([data = sum.mutable_data_ptr<float>()] { data[2] *= 10; }, {{}, {sum.data_ptr()}});
  };
  const auto graph = accelerator::make_recorder()->capture(step);
  EXPECT_TRUE(at::equal(sum.cpu(), at::zeros({3})));  // not run
  factor = 5;
  x.copy_(there(at::tensor({1.0F, 2.0F, 3.0F})));
  graph->replay();
  EXPECT_TRUE(at::equal(sum.cpu(), at::tensor({2.0F, 4.0F, 20.0F})));
  graph->replay();
  EXPECT_TRUE(at::equal(sum.cpu(), at::tensor({4.0F, 8.0F, 220.0F})));
}

TEST(Accelerator, CapturesNothingThatWaits) {
  const at::Tensor x = there(at::ones({3}));
  const auto recorder = accelerator::make_recorder();
  EXPECT_THROW(recorder->capture([&] { x.sum().item<float>(); }), c10::Error);
  EXPECT_THROW(recorder->capture([&] { x.cpu(); }), c10::Error);
  EXPECT_THROW(recorder->capture([&] { x.copy_(at::zeros({3})); }), c10::Error);
  EXPECT_THROW(recorder->capture([&] {
    x.add_(1);
    at::equal(x, x);
  }),
               c10::Error);
  EXPECT_EQ(x.sum().item<float>(), 3);  // as if nothing had been tried
}

/// Another stream of the device.
c10::Stream make_scheduler() {
  return c10::impl::VirtualGuardImpl(accelerator::device().type())
      .getStreamFromGlobalPool(accelerator::device());
}

c10::Event reached(const c10::Stream& stream) {
  c10::Event event(stream.device_type());
  event.record(stream);
  return event;
}

c10::Stream default_stream() {
  return c10::impl::VirtualGuardImpl(accelerator::device().type()).getStream(accelerator::device());
}

TEST(Accelerator, RefusesWhatAnotherStreamMayStillWriteOrRead) {
  const c10::Stream here = default_stream();
  const c10::Stream side = make_scheduler();
  const at::Tensor x = there(at::ones({3}));
  at::Tensor y;
  {
    const c10::StreamGuard guard(side);
    EXPECT_THROW(x + 1, c10::Error);
    reached(here).block(side);
    y = x + 1;
  }
  EXPECT_THROW(y + 1, c10::Error);  // not written yet
  EXPECT_THROW(y.cpu(), c10::Error);
  EXPECT_THROW(x.add_(1), c10::Error);  // still read
  EXPECT_NO_THROW(x + 1);
  reached(side).block(here);
  EXPECT_NO_THROW(x.add_(1));
  EXPECT_TRUE(at::equal((y + 1).cpu(), at::full({3}, 3.0F)));
  {
    const c10::StreamGuard guard(side);  // the CPU has waited for all that
    EXPECT_NO_THROW(x.add_(1));
  }
}

TEST(Accelerator, CountsMemoryThatIsFreedWhileItIsUsed) {
  const c10::Stream here = default_stream();
  const c10::Stream side = make_scheduler();
  const auto use_beside = [&](bool record) {
    const accelerator::Counts before = accelerator::counts();
    {
      const at::Tensor x = there(at::ones({3}));
      reached(here).block(side);
      const c10::StreamGuard guard(side);
      const at::Tensor y = x + 1;
      if (record) x.record_stream(side);
    }
    return (accelerator::counts() - before).freed_in_use;
  };
  EXPECT_EQ(use_beside(false), 1);
  EXPECT_EQ(use_beside(true), 0);
}

}  // namespace
}  // namespace caption
