#include "pipeline/device.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "caption/error.h"
#include "kernels/kernels.h"
#include "pipeline/gpu_library.h"

namespace caption {
namespace {

const std::filesystem::path kModel = std::filesystem::path(CAPTION_TEST_DATA) / "parity" / "vit-mlp";

std::string refusal(ErrorKind kind, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "accepted";
}

TEST(Device, CudaHasANumberOrIsTheFirst) {
  EXPECT_EQ(cuda_index("cuda"), 0);
  EXPECT_EQ(cuda_index("cuda:0"), 0);
  EXPECT_EQ(cuda_index("cuda:12"), 12);
  for (const char* other : {"", "cpu", "auto", "cuda:", "cuda:-1", "cuda:1x", "cuda:x", "cuda: 1", "cuda:+1",
                            "cuda1", "CUDA", "cuda:99999999999"})
    EXPECT_EQ(cuda_index(other), std::nullopt) << other;
}

TEST(Device, AutomaticPrecisionGoesByTheMachine) {
  EXPECT_EQ(resolve_precision(Precision::automatic, /*gpu=*/true), Precision::fp16);
  const bool wide = kernels::find(kernels::InstructionSet::avx2) != nullptr;
  EXPECT_EQ(resolve_precision(Precision::automatic, /*gpu=*/false), wide ? Precision::bf16 : Precision::fp32);
  for (const Precision asked : {Precision::fp32, Precision::fp16, Precision::bf16, Precision::int8}) {
    EXPECT_EQ(resolve_precision(asked, true), asked);
    EXPECT_EQ(resolve_precision(asked, false), asked);
  }
}

TEST(Device, PrecisionsAreTypes) {
  EXPECT_EQ(weight_type(Precision::fp32), DType::fp32);
  EXPECT_EQ(weight_type(Precision::fp16), DType::fp16);
  EXPECT_EQ(weight_type(Precision::bf16), DType::bf16);
  EXPECT_EQ(weight_type(Precision::int8), DType::int8);
  EXPECT_NE(refusal(ErrorKind::internal, [] { weight_type(Precision::automatic); }), "accepted");
}

TEST(Device, TheCpuCalculatesInAnyPrecisionButFp16) {
  EXPECT_EQ(cpu_compute(Precision::fp32).weights, DType::fp32);
  EXPECT_EQ(cpu_compute(Precision::bf16).weights, DType::bf16);
  EXPECT_EQ(cpu_compute(Precision::int8).weights, DType::int8);
  EXPECT_EQ(cpu_compute(Precision::automatic).weights,
            weight_type(resolve_precision(Precision::automatic, false)));
  EXPECT_NE(refusal(ErrorKind::usage, [] { cpu_compute(Precision::fp16); }).find("take bf16"),
            std::string::npos);
}

TEST(Device, GigabytesAreThoseOfTheDataSheet) {
  EXPECT_EQ(gigabytes(15'843'721'216), "15.8 GB");
  EXPECT_EQ(gigabytes(0), "0.0 GB");
}

TEST(Engine, RefusesWhatIsNoDeviceAndPrecisionsThatItDoesNotHave) {
  const auto open = [](const std::string& device, Precision precision = Precision::automatic) {
    ModelOptions options;
    options.device = device;
    options.precision = precision;
    open_engine(kModel, options);
  };
  EXPECT_NE(refusal(ErrorKind::usage, [&] { open("gpu"); })
                .find("device 'gpu': expected auto, cpu, cuda or cuda:N"),
            std::string::npos);
  EXPECT_NE(refusal(ErrorKind::usage, [&] { open("cuda", Precision::int8); }).find("int8 is for the CPU"),
            std::string::npos);
  EXPECT_NE(refusal(ErrorKind::usage, [&] { open("cpu", Precision::fp16); }).find("fp16 is for GPUs"),
            std::string::npos);
}

TEST(Engine, OnTheCpuKnowsItsModel) {
  ModelOptions options;
  options.device = "cpu";
  const auto engine = open_engine(kModel, options);
  EXPECT_EQ(engine->manifest().encoder.kind, "vit");
  EXPECT_EQ(engine->most_tokens(),
            engine->manifest().language_model.context - engine->manifest().mapper.prefix_length);
  EXPECT_EQ(engine->tokenizer().size(), engine->manifest().language_model.vocabulary);
}

/// int8 is the CPU's alone, so nobody looks for a GPU.
TEST(Engine, AutomaticWithInt8IsTheCpuWithoutANote) {
  ModelOptions options;
  options.device = "auto";
  options.precision = Precision::int8;
  options.note = [](const std::string& note) { ADD_FAILURE() << note; };
  EXPECT_NE(open_engine(kModel, options), nullptr);
}

}  // namespace
}  // namespace caption
