#pragma once

// Models as the libraries themselves write them, beside what these make of pictures.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace caption {

/// Of the largest number of an embedding. Both sides round: through twelve layers of the published width,
/// each is up to 2.5e-5 away from what fp64 gives.
inline constexpr float kGoldenTolerance = 5e-5F;

/// The folders with goldens: ours below tests/data, and those that a script has made elsewhere, where the
/// environment's `variable` says.
inline std::vector<std::filesystem::path> golden_folders(const char* name, const char* variable) {
  std::vector<std::filesystem::path> folders;
  std::vector<std::filesystem::path> above = {std::filesystem::path(CAPTION_TEST_DATA) / name};
  if (const char* more = std::getenv(variable); more != nullptr) above.emplace_back(more);
  for (const std::filesystem::path& folder : above) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) folders.push_back(entry.path());
  }
  return folders;
}

/// Differs by at most `tolerance` of the golden's largest number.
inline void expect_near(const Tensor& result, const Tensor& golden, float tolerance = kGoldenTolerance) {
  const Tensor found = result.contiguous();
  const Tensor expected = golden.to_fp32();
  ASSERT_EQ(found.sizes(), expected.sizes());
  float largest = 0;
  float difference = 0;
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    largest = std::max(largest, std::abs(expected.data()[i]));
    difference = std::max(difference, std::abs(expected.data()[i] - found.data()[i]));
  }
  EXPECT_GT(largest, 0.01F);
  EXPECT_LT(difference, tolerance * largest);
}

}  // namespace caption
