#include "libtorch/engine/use_libtorch.h"

#include <gtest/gtest.h>

#include <string>

#include "libtorch/engine/limits.h"

namespace caption {
namespace {

const at::Device kGpu{at::kCUDA, 1};

/// What becomes of an exception of LibTorch's.
template <typename Exception, typename... Arguments>
Error error_of(Arguments... arguments) {
  try {
    use_libtorch(kGpu, [&]() -> int { throw Exception(c10::SourceLocation{"f", "x.cpp", 1}, arguments...); });
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::internal, "nothing was thrown"};
}

TEST(UseLibTorch, SaysWhatToDoWhenMemoryIsShort) {
  const Error error = error_of<c10::OutOfMemoryError>("CUDA out of memory. Tried to allocate 2 GiB.");
  EXPECT_EQ(error.kind(), ErrorKind::model);
  EXPECT_EQ(std::string(error.what()),
            "cuda:1 is out of memory: fewer images together, a narrower beam search and the precision fp16 "
            "need less; "
            "or use the device cpu");
}

TEST(UseLibTorch, TellsADeviceThatFailsFromADefect) {
  const Error failed =
      error_of<c10::AcceleratorError>(700, "CUDA error: an illegal address\nFor Python, set ...");
  EXPECT_EQ(failed.kind(), ErrorKind::model);
  EXPECT_EQ(std::string(failed.what()),
            "cuda:1 has failed: CUDA error: an illegal address: look at nvidia-smi, or use the device cpu");
  const Error defect = error_of<c10::Error>("sizes do not match\nat ...");
  EXPECT_EQ(defect.kind(), ErrorKind::internal);
  EXPECT_EQ(std::string(defect.what()), "LibTorch on cuda:1: sizes do not match");
}

TEST(UseLibTorch, LeavesResultsAndErrorsAsTheyAre) {
  EXPECT_EQ(use_libtorch(kGpu, [] { return at::InferenceMode::is_enabled() ? 3 : 4; }), 3);
  EXPECT_THROW(use_libtorch(kGpu, [] { throw Error(ErrorKind::usage, "our own"); }), Error);
}

TEST(Limits, AreMeasuredOnAnyDevice) {
  const DeviceLimits limits = measure_limits(at::kCPU, {.copied_bytes = 1 << 16, .matrix_side = 16});
  EXPECT_GT(limits.memory_gb_per_s, 0);
  EXPECT_GT(limits.fp16_gflop_per_s, 0);
  EXPECT_EQ(limits.fp32_gflop_per_s, 0);
}

}  // namespace
}  // namespace caption
