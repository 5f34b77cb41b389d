#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

#include "caption/error.h"
#include "cuda/compare.h"
#include "cuda/cpu_kernels.h"
#include "libtorch/graphs/cuda_graphs.h"

namespace caption::cuda {
namespace {

const Kernels& plugin() {
  static const Kernels* const kernels = [] {
    void* library = dlopen(CAPTION_CUDA_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    void* symbol = dlsym(library, "caption_cuda_kernels");
    if (symbol == nullptr) throw std::runtime_error(dlerror());
    return reinterpret_cast<decltype(&caption_cuda_kernels)>(symbol)();
  }();
  return *kernels;
}

bool has_driver() {
  return plugin().versions().find("driver none") == std::string::npos;
}

TEST(CudaPlugin, TellsWhatItIsLinkedWithWhereverItIs) {
  const std::string versions = plugin().versions();
  SCOPED_TRACE(versions);
  EXPECT_TRUE(versions.starts_with("cudart 13."));
  for (const char* name : {"\ndriver ", "\ncudnn "}) {
    EXPECT_NE(versions.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(versions.find("\ncudnn not linked") == std::string::npos, CAPTION_LINKED_CUDNN != 0);
}

TEST(CudaPlugin, ComputesWhatTheCpuComputesOrSaysWhyItCannot) {
  if (has_driver()) {
    for (const Comparison& comparison : compare_kernels(plugin(), cpu_kernels())) {
      EXPECT_TRUE(comparison.passed()) << comparison.kernel << " differs by " << comparison.difference;
    }
    return;
  }
  try {
    compare_kernels(plugin(), cpu_kernels());
    FAIL() << "kernels ran without a driver";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    EXPECT_TRUE(std::string(error.what()).starts_with("CUDA could not allocate memory: ")) << error.what();
  }
}

TEST(CudaPlugin, RefusesRequestsThatMakeNoSenseBeforeItTouchesADevice) {
  for (const auto& ask : {+[] { plugin().top_tokens({}, nullptr); }, +[] { plugin().resize({}, nullptr); },
                          +[] { plugin().attend({}, nullptr); }}) {
    try {
      ask();
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::internal) << error.what();
    }
  }
}

TEST(CudaGraphs, NeedNothingButLibTorchsCudaLibraries) {
  const bool complete = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
  void* library = dlopen(CAPTION_CUDA_GRAPHS, RTLD_NOW | RTLD_LOCAL);
  const char* error = dlerror();
  if (!complete) {
    ASSERT_EQ(library, nullptr);
    ASSERT_NE(error, nullptr);
    // at::cuda or c10::cuda
    EXPECT_NE(std::string(error).find("4cuda"), std::string::npos) << error;
    return;
  }
  ASSERT_NE(library, nullptr) << error;
  void* symbol = dlsym(library, "caption_cuda_graphs");
  ASSERT_NE(symbol, nullptr);
  const CudaGraphs* const graphs = reinterpret_cast<decltype(&caption_cuda_graphs)>(symbol)();
  EXPECT_NE(graphs->make_recorder, nullptr);
}

}  // namespace
}  // namespace caption::cuda
