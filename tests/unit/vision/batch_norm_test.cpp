#include "vision/batch_norm.h"

#include <gtest/gtest.h>

#include "aten.h"

namespace caption {
namespace {

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight) {
  return at::conv2d(x, weight, {}, 1, weight.size(2) / 2);
}

TEST(FoldBatchNorm, IsTheFormulaInFp64RoundedOnce) {
  at::manual_seed(8);
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const Shape& shape : {Shape{12, 5, 3, 3}, {7, 16, 1, 1}, {1, 1, 3, 3}}) {
      const at::Tensor weight = at::randn(shape).to(type);
      const auto channels = [&] { return at::randn({shape[0]}).to(type); };
      const at::Tensor gain = channels();
      const at::Tensor shift = channels();
      const at::Tensor mean = channels();
      const at::Tensor variance = channels().abs() * 1e-3;  // the 1e-5 beside it shows
      const auto [matrix, bias] = fold_batch_norm(
          from_aten(weight), {from_aten(gain), from_aten(shift), from_aten(mean), from_aten(variance)});

      const at::Tensor scale = gain.to(at::kDouble) / (variance.to(at::kDouble) + 1e-5).sqrt();
      const at::Tensor rows = weight.permute({0, 2, 3, 1}).reshape({shape[0], -1}).to(at::kDouble);
      EXPECT_TRUE(same_bits(to_aten(matrix), (rows * scale.unsqueeze(1)).to(at::kFloat)));
      EXPECT_TRUE(
          same_bits(to_aten(bias), (shift.to(at::kDouble) - mean.to(at::kDouble) * scale).to(at::kFloat)));
    }
  }
}

TEST(FoldBatchNorm, IsTheConvolutionAndTheNormAfterIt) {
  const at::Tensor weight = at::randn({12, 5, 3, 3});
  const at::Tensor gain = at::randn({12});
  const at::Tensor shift = at::randn({12});
  const at::Tensor mean = at::randn({12});
  const at::Tensor variance = at::rand({12}) + 0.1;
  const auto [matrix, bias] = fold_batch_norm(
      from_aten(weight), {from_aten(gain), from_aten(shift), from_aten(mean), from_aten(variance)});
  ASSERT_EQ(matrix.sizes(), (Shape{12, 45}));
  const at::Tensor x = at::randn({1, 5, 9, 8});
  const at::Tensor expected =
      at::batch_norm(convolution(x, weight), gain, shift, mean, variance, false, 0.0, 1e-5, false);
  const at::Tensor folded = to_aten(matrix).reshape({12, 3, 3, 5}).permute({0, 3, 1, 2});
  EXPECT_LT(largest_difference(convolution(x, folded) + to_aten(bias).reshape({12, 1, 1}), expected), 2e-5);
}

}  // namespace
}  // namespace caption
