#include "cuda/half.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace caption::cuda {
namespace {

TEST(Half, IsPyTorchs) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<std::uint16_t>(bits)};
    const float expected = c10::Half(half.bits, c10::Half::from_bits());
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(to_float(half)));
      continue;
    }
    ASSERT_EQ(to_float(half), expected) << bits;
    ASSERT_EQ(from_float<Half>(expected).bits, half.bits);
    // and between it and the next, where rounding decides
    for (const float part : {0.25F, 0.5F, 0.75F}) {
      const float next = c10::Half(static_cast<std::uint16_t>(bits + 1), c10::Half::from_bits());
      const float value = expected + (next - expected) * part;
      if (!std::isfinite(value)) continue;
      ASSERT_EQ(from_float<Half>(value).bits, c10::Half(value).x) << value;
    }
  }
}

}  // namespace
}  // namespace caption::cuda
