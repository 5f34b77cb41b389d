#include "cuda/compare.h"

#include <gtest/gtest.h>

#include "orders.h"
#include "stand_in.h"

namespace caption::cuda {
namespace {

/// Kernels that give other results than they should, one at a time.
class Wrong : public StandIn {
 public:
  explicit Wrong(std::string kernel) : kernel_(std::move(kernel)) {}
  void top_tokens(const TopTokens& request, Stream stream) const override {
    StandIn::top_tokens(request, stream);
    if (kernel_ == "top_tokens") std::swap(request.tokens[1], request.tokens[2]);
  }
  void resize(const Resize& request, Stream stream) const override {
    StandIn::resize(request, stream);
    if (kernel_ == "resize") static_cast<std::uint16_t*>(request.pixels)[5] ^= 0x3000;
  }
  void attend(const Attend& request, Stream stream) const override {
    Attend changed = request;
    if (kernel_ == "attend") --changed.layer;
    StandIn::attend(changed, stream);
  }

 private:
  std::string kernel_;
};

TEST(CompareKernels, FindsNoDifferenceWhereThereIsNone) {
  for (const Order order : kOrders) {
    const auto comparisons = compare_kernels(cpu_kernels(order), cpu_kernels());
    EXPECT_EQ(comparisons.size(), 6U);
    for (const Comparison& comparison : comparisons) EXPECT_EQ(comparison.difference, 0) << comparison.kernel;
  }
}

TEST(CompareKernels, NamesTheKernelThatIsWrong) {
  for (const std::string kernel : {"top_tokens", "resize", "attend"}) {
    const Wrong wrong(kernel);
    for (const Comparison& comparison : compare_kernels(wrong, cpu_kernels())) {
      EXPECT_EQ(comparison.passed(), !comparison.kernel.starts_with(kernel)) << comparison.kernel;
    }
  }
}

}  // namespace
}  // namespace caption::cuda
