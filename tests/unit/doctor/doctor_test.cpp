#include "doctor/doctor.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "caption/error.h"
#include "doctor/box.h"
#include "doctor/checks.h"
#include "doctor/kernel_speed.h"
#include "doctor/kernels.h"
#include "doctor/parity.h"
#include "kernels/kernels.h"
#include "unit/cuda/stand_in.h"

namespace caption {
namespace {

TEST(Checks, TellWhatWasFoundWhatIsWrongAndWhy) {
  Checks checks;
  EXPECT_TRUE(checks.look("a", [] { return std::string("found"); }));
  EXPECT_FALSE(checks.look("b", []() -> std::string { throw Error(ErrorKind::model, "wrong: do this"); }));
  EXPECT_FALSE(checks.look("c", []() -> std::string { throw std::runtime_error("odd\nsecond line"); }));
  EXPECT_FALSE(checks.look("d", []() -> std::string { throw std::runtime_error(std::string(500, 'x')); }));
  checks.skip("e", "not here");
  DoctorReport report;
  report.checks = checks.take();
  ASSERT_EQ(report.checks.size(), 5U);
  EXPECT_EQ(report.checks[0].status, CheckStatus::ok);
  EXPECT_EQ(report.checks[0].detail, "found");
  for (const std::size_t failed : {1U, 2U, 3U}) EXPECT_EQ(report.checks[failed].status, CheckStatus::failed);
  EXPECT_EQ(report.checks[1].detail, "wrong: do this");
  EXPECT_EQ(report.checks[2].detail, "odd: send this report to those who make caption");
  EXPECT_EQ(report.checks[3].detail,
            std::string(300, 'x') + "...: send this report to those who make caption");
  EXPECT_EQ(report.checks[4].status, CheckStatus::skipped);
  EXPECT_FALSE(report.healthy());
  report.checks = {report.checks[0], report.checks[4]};
  EXPECT_TRUE(report.healthy());
}

TEST(DoctorBox, SaysWhatFollows) {
  Checks checks;
  check_box(checks, {"", true});
  check_box(checks, {"", false});
  check_box(checks, {"the kernel has none", false});
  const std::vector<Check> lines = checks.take();
  EXPECT_EQ(lines[0].status, CheckStatus::ok);
  EXPECT_TRUE(lines[0].detail.ends_with("by Landlock no other files")) << lines[0].detail;
  EXPECT_EQ(lines[1].status, CheckStatus::ok);
  EXPECT_NE(lines[1].detail.find("read no fonts"), std::string::npos) << lines[1].detail;
  EXPECT_EQ(lines[2].status, CheckStatus::warning);
  EXPECT_TRUE(lines[2].detail.starts_with("there can be none: the kernel has none; ")) << lines[2].detail;
}

Check cpu_check(const kernels::Kernels& kernels) {
  Checks checks;
  check_kernels(checks, kernels, *kernels::find(kernels::InstructionSet::portable));
  return checks.take().at(0);
}

TEST(DoctorKernels, AllThatThisProcessorHasAreFine) {
  Checks checks;
  check_cpu_kernels(checks);
  std::size_t skipped = 0;
  const std::vector<Check> lines = checks.take();
  for (const Check& check : lines) {
    EXPECT_NE(check.status, CheckStatus::failed) << check.name << ": " << check.detail;
    skipped += check.status == CheckStatus::skipped ? 1 : 0;
  }
  std::size_t missing = 0;
  for (const auto set : kernels::kInstructionSets) missing += kernels::find(set) == nullptr ? 1 : 0;
  EXPECT_EQ(lines.size(), std::size(kernels::kInstructionSets) - 1);
  EXPECT_EQ(skipped, missing);
}

TEST(DoctorKernels, ABrokenOneIsNamedWithWhatToDo) {
  kernels::Kernels broken = kernels::active();
  EXPECT_EQ(cpu_check(broken).status, CheckStatus::ok);
  broken.softmax = [](float*, std::int64_t, std::int64_t, float) {};
  const Check check = cpu_check(broken);
  EXPECT_EQ(check.status, CheckStatus::failed);
  EXPECT_NE(check.detail.find("softmax by "), std::string::npos) << check.detail;
  EXPECT_NE(check.detail.find("test the machine's memory"), std::string::npos);
}

Check speed_check(double share, std::optional<double> known) {
  Checks checks;
  check_kernel_speeds(checks, {{"fp32, 50 rows", 0.8, 0.7}, {"int8, one row", share, known}});
  return checks.take().at(0);
}

TEST(DoctorKernels, SlowOnesAreWarnedOf) {
  EXPECT_EQ(speed_check(0.5, 0.9).status, CheckStatus::ok);
  EXPECT_EQ(speed_check(0.5, 0.9).detail, "fp32, 50 rows 80%; int8, one row 50% of the limits");
  EXPECT_EQ(speed_check(0.1, std::nullopt).status, CheckStatus::ok);
  const Check slow = speed_check(0.4, 0.9);
  EXPECT_EQ(slow.status, CheckStatus::warning);
  EXPECT_TRUE(slow.detail.starts_with("int8, one row 40% of the limit, 90% elsewhere: ")) << slow.detail;
  DoctorReport report;
  report.checks = {slow};
  EXPECT_TRUE(report.healthy());
}

TEST(DoctorKernels, SpeedsAreMeasuredInEachTypeThatHasALimit) {
  DeviceLimits limits;
  limits.memory_gb_per_s = 10;
  limits.fp32_gflop_per_s = 100;
  limits.int8_gflop_per_s = 100;
  const std::vector<KernelSpeed> speeds = measure_kernel_speeds(limits);
  ASSERT_EQ(speeds.size(), 4U);
  EXPECT_EQ(speeds[0].product, "fp32, 50 rows");
  EXPECT_EQ(speeds[3].product, "int8, one row");
  for (const KernelSpeed& speed : speeds) EXPECT_GT(speed.share, 0) << speed.product;
  Checks checks;
  check_kernel_speeds(checks, measure_kernel_speeds({}));
  EXPECT_EQ(checks.take().at(0).status, CheckStatus::skipped);
}

/// A GPU's kernels that are right but for one, or that do not run at all.
class FakeGpu : public cuda::StandIn {
 public:
  explicit FakeGpu(bool runs) : runs_(runs) {}
  void resize(const cuda::Resize& request, cuda::Stream stream) const override {
    StandIn::resize(request, stream);
    if (request.type == cuda::Type::fp32) static_cast<float*>(request.pixels)[5] += 1;
  }
  void* allocate(std::size_t bytes) const override {
    if (!runs_) throw Error(ErrorKind::model, "CUDA could not allocate memory: no driver");
    return StandIn::allocate(bytes);
  }

 private:
  bool runs_;
};

std::vector<Check> gpu_checks(bool runs) {
  Checks checks;
  check_gpu_kernels(checks, [&] { return cuda::compare_kernels(FakeGpu(runs), cuda::cpu_kernels()); });
  return checks.take();
}

TEST(DoctorKernels, AGpusAreComparedOneByOne) {
  const std::vector<Check> lines = gpu_checks(true);
  EXPECT_EQ(lines.size(), 6U);
  for (const Check& check : lines)
    EXPECT_EQ(check.status == CheckStatus::failed, check.name == "gpu kernel resize fp32") << check.name;
}

TEST(DoctorKernels, AGpuThatDoesNotRunThemIsOneFailure) {
  const std::vector<Check> lines = gpu_checks(false);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].status, CheckStatus::failed);
  EXPECT_EQ(lines[0].detail,
            "CUDA could not allocate memory: no driver: look at nvidia-smi, or use the device cpu");
}

TEST(DoctorParity, ExactMeansAllAndRoundedMeansMost) {
  const ParityTokens expected{{{1}, {2}, {3}, {4}}, {{5}, {6}, {7}, {8}}};
  EXPECT_EQ(agreement(expected, expected, true),
            "4 of 4 greedy captions and 4 with beam 5 are those of fp32 on the CPU");
  ParityTokens one_differs = expected;
  one_differs.beam5[3] = {8, 9};
  EXPECT_THROW(agreement(one_differs, expected, true), Error);
  EXPECT_EQ(agreement(one_differs, expected, false),
            "4 of 4 greedy captions and 3 with beam 5 are those of fp32 on the CPU");
  const ParityTokens five_agree{{{1}, {2}, {0}, {0}}, {{5}, {6}, {7}, {0}}};
  EXPECT_EQ(agreement(five_agree, expected, false),
            "2 of 4 greedy captions and 3 with beam 5 are those of fp32 on the CPU");
  const ParityTokens half_agree{{{1}, {2}, {0}, {0}}, {{5}, {6}, {0}, {0}}};
  try {
    agreement(half_agree, expected, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_TRUE(
        std::string(error.what())
            .starts_with(
                "2 of 4 greedy captions and 2 with beam 5 are those of fp32 on the CPU, and most should be"))
        << error.what();
  }
}

}  // namespace
}  // namespace caption
