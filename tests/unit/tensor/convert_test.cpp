#include "tensor/convert.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "aten.h"
#include "caption/error.h"

namespace caption {
namespace {

/// All numbers of 16 bits: subnormals, infinities and NaNs are among them.
at::Tensor all_bits(at::ScalarType type) {
  return at::arange(65536, at::kInt).to(at::kShort).view(type);
}

/// The same bits, or both a NaN of the same sign.
void expect_same_numbers(const at::Tensor& found, const at::Tensor& expected) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  for (std::int64_t i = 0; i < found.numel(); ++i) {
    const float a = found.const_data_ptr<float>()[i];
    const float b = expected.const_data_ptr<float>()[i];
    ASSERT_EQ(std::isnan(a), std::isnan(b)) << i;
    ASSERT_EQ(std::signbit(a), std::signbit(b)) << i;
    if (std::isnan(a)) continue;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(a), std::bit_cast<std::uint32_t>(b)) << i;
  }
}

TEST(Convert, EveryHalfIsThatOfLibTorch) {
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    const at::Tensor bits = all_bits(type);
    expect_same_numbers(to_aten(from_aten(bits).to_fp32()), bits.to(at::kFloat));
  }
}

TEST(Convert, Fp64IsRoundedAsLibTorchDoesIt) {
  const double inf = std::numeric_limits<double>::infinity();
  const at::Tensor special =
      at::tensor({0.0, -0.0, 1e-45, -3e-46, 1e-40, 1e300, -1e300, inf, -inf, std::nan(""),
                  3.4028235677973366e38, 1.0 + std::exp2(-24), 1.0 + 3 * std::exp2(-25)},
                 at::kDouble);
  const at::Tensor x =
      at::cat({special, at::randn({10000}, at::kDouble) * 1e-38, at::randn({10000}, at::kDouble)});
  expect_same_numbers(to_aten(from_aten(x).to_fp32()), x.to(at::kFloat));
}

TEST(Convert, ReadsBytesThatAreNotAligned) {
  const at::Tensor x = at::randn({7}, at::kDouble);
  std::vector<std::byte> bytes(1 + x.nbytes());
  std::memcpy(bytes.data() + 1, x.const_data_ptr(), x.nbytes());
  at::Tensor found = at::empty({7});
  widen(bytes.data() + 1, DType::fp64, 7, found.mutable_data_ptr<float>());
  EXPECT_TRUE(same_bits(found, x.to(at::kFloat)));
}

TEST(Convert, OtherTypesAreMisuse) {
  float to = 0;
  const std::byte from[8] = {};
  for (const DType type : {DType::int64, DType::int8, DType::boolean}) {
    try {
      widen(from, type, 1, &to);
      ADD_FAILURE() << name_of(type);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal);
    }
  }
}

TEST(Convert, StridedViewsToo) {
  const at::Tensor x = at::randn({6, 10}).to(at::kHalf).t().slice(0, 1, 9, 2);
  EXPECT_TRUE(same_bits(to_aten(from_aten(x).to_fp32()), x.to(at::kFloat)));
}

}  // namespace
}  // namespace caption
