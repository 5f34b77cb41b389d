// LibTorch's CUDA library as far as it says whether there is a GPU. The environment tells what it answers.

#include <ATen/detail/CUDAHooksInterface.h>

#include <cstdlib>

namespace at {
namespace {

class FakeHooks : public CUDAHooksInterface {
 public:
  explicit FakeHooks(CUDAHooksArgs /*unused*/) {}
  void init() const override {}
  bool hasCUDA() const override { return std::getenv("FAKE_TORCH_SEES_NONE") == nullptr; }
  long versionCUDART() const override { return 13010; }
  long versionRuntimeCuDNN() const override { return 91002; }
};

C10_REGISTER_CLASS(CUDAHooksRegistry, CUDAHooks, FakeHooks)

}  // namespace
}  // namespace at

/// cuBLAS's, which comes with that library.
extern "C" int cublasGetProperty(int property, int* value) {
  const int version[] = {13, 4, 1};
  *value = version[property];
  return 0;
}
