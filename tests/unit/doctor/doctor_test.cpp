#include "doctor/doctor.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "caption/error.h"
#include "doctor/checks.h"
#include "doctor/kernels.h"
#include "doctor/parity.h"
#include "kernels/kernels.h"

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
  for (const std::size_t failed : {1, 2, 3}) EXPECT_EQ(report.checks[failed].status, CheckStatus::failed);
  EXPECT_EQ(report.checks[1].detail, "wrong: do this");
  EXPECT_EQ(report.checks[2].detail, "odd: send this report to those who make caption");
  EXPECT_EQ(report.checks[3].detail,
            std::string(300, 'x') + "...: send this report to those who make caption");
  EXPECT_EQ(report.checks[4].status, CheckStatus::skipped);
  EXPECT_FALSE(report.healthy());
  report.checks = {report.checks[0], report.checks[4]};
  EXPECT_TRUE(report.healthy());
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

TEST(DoctorKernels, OfAGpuHaveALineEach) {
  Checks checks;
  check_gpu_kernels(checks, [] {
    return std::vector<cuda::Comparison>{{"resize fp32", 0, 0}, {"attend fp16", 0.25, 0.001}};
  });
  const std::vector<Check> lines = checks.take();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].name, "gpu kernel resize fp32");
  EXPECT_EQ(lines[0].status, CheckStatus::ok);
  EXPECT_EQ(lines[0].detail, "differs from the CPU's by 0, allowed 0");
  EXPECT_EQ(lines[1].name, "gpu kernel attend fp16");
  EXPECT_EQ(lines[1].status, CheckStatus::failed);
  EXPECT_TRUE(lines[1].detail.starts_with(
      "differs from the CPU's by 0.25, allowed 0.001: the GPU's results are wrong"))
      << lines[1].detail;
}

TEST(DoctorKernels, OfAGpuThatRunsNoneOfThemAreOneFailure) {
  Checks checks;
  check_gpu_kernels(checks, []() -> std::vector<cuda::Comparison> {
    throw Error(ErrorKind::model, "CUDA could not allocate memory: no driver");
  });
  const std::vector<Check> lines = checks.take();
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
