// The kernels on a GPU: the shared library libcaption_cuda.so.

#include <cuda_runtime.h>
#include <dlfcn.h>
#ifdef CAPTION_CUDNN
#include <cudnn.h>
#endif

#include "cuda/kernels.h"
#include "cuda/launch.h"
#include "cuda/version_text.h"

namespace caption::cuda {
namespace {

template <typename Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_kernel(const typename Kernel::Args args) {
  __shared__ typename Kernel::Shared shared;
  Kernel::run({static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y)}, shared, args);
}

void expect_success(const char* what, cudaError_t status) {
  if (status == cudaSuccess) return;
  throw Error(ErrorKind::model, std::string("CUDA could not ") + what + ": " + cudaGetErrorString(status));
}

struct GpuLaunch {
  const char* what;
  cudaStream_t stream;

  template <typename Kernel>
  void run(Grid grid, const typename Kernel::Args& args) const {
    const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y));
    run_kernel<Kernel><<<blocks, Kernel::kThreads, 0, stream>>>(args);
    expect_success(what, cudaGetLastError());
  }
};

class GpuKernels : public Kernels {
 public:
  void top_tokens(const TopTokens& request, Stream stream) const override {
    launch_top_tokens(request, GpuLaunch{"look for the likeliest tokens", static_cast<cudaStream_t>(stream)});
  }
  void resize(const Resize& request, Stream stream) const override {
    launch_resize(request, GpuLaunch{"resize an image", static_cast<cudaStream_t>(stream)});
  }
  void attend(const Attend& request, Stream stream) const override {
    launch_attend(request, GpuLaunch{"attend to the past", static_cast<cudaStream_t>(stream)});
  }

  void* allocate(std::size_t bytes) const override {
    void* memory = nullptr;
    expect_success("allocate memory", cudaMalloc(&memory, bytes));
    return memory;
  }
  void release(void* memory) const override { expect_success("release memory", cudaFree(memory)); }
  void copy_in(void* device, const void* host, std::size_t bytes) const override {
    expect_success("wait for the device", cudaDeviceSynchronize());
    expect_success("copy to the device", cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
  }
  void copy_out(void* host, const void* device, std::size_t bytes) const override {
    expect_success("wait for the device", cudaDeviceSynchronize());
    expect_success("copy from the device", cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
  }

  std::string versions() const override {
    int runtime = 0;
    int driver = 0;
    expect_success("tell its version", cudaRuntimeGetVersion(&runtime));
    expect_success("tell the driver's version", cudaDriverGetVersion(&driver));
    std::string text = "cudart " + version_text(runtime) + "\n";
    text += "driver " + (driver == 0 ? std::string("none") : "for CUDA " + version_text(driver)) + "\n";
    return text + cudnn();
  }

 private:
  static std::string cudnn() {
#ifdef CAPTION_CUDNN
    // cuDNN opens its parts when it is first asked for something, and aborts without them.
    if (dlopen("libcudnn_graph.so.9", RTLD_LAZY | RTLD_LOCAL) == nullptr)
      return std::string("cudnn incomplete: ") + dlerror() + "\n";
    return "cudnn " + cudnn_version_text(static_cast<long>(cudnnGetVersion())) + "\n";
#else
    return "cudnn not linked: built without it\n";
#endif
  }
};

}  // namespace
}  // namespace caption::cuda

const caption::cuda::Kernels* caption_cuda_kernels() {
  static const caption::cuda::GpuKernels kernels;
  return &kernels;
}
