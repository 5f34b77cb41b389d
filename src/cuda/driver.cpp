#include "cuda/driver.h"

#include <dlfcn.h>

#include <array>

#include "caption/error.h"
#include "cuda/version_text.h"

namespace caption {
namespace {

// The driver's C interface, of which no header is needed for so little. Every function returns a status.
constexpr int kSuccess = 0;
constexpr int kNoDevice = 100;
constexpr int kCapabilityMajor = 75;
constexpr int kCapabilityMinor = 76;
using Init = int(unsigned flags);
using GetVersion = int(int* version);
using GetCount = int(int* count);
using GetDevice = int(int* device, int index);
using GetName = int(char* name, int size, int device);
using GetAttribute = int(int* value, int attribute, int device);
using GetErrorString = int(int status, const char** text);
using Retain = int(void** context, int device);
using Push = int(void* context);
using Pop = int(void** context);
using GetMemory = int(std::size_t* free, std::size_t* total);

/// What LibTorch's CUDA 13 libraries need, as cuDriverGetVersion has it, and the first driver that has it.
constexpr int kCuda = 13000;
constexpr const char* kDriver = "580";

[[noreturn]] void refuse(const std::string& reason) {
  throw Error(ErrorKind::model, reason);
}

}  // namespace

CudaDriver::CudaDriver() : library_(dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) {
    refuse(std::string("there is no NVIDIA driver (libcuda.so.1) here: install version ") + kDriver +
           " or later (a container must be started with the GPU), or use the device cpu");
  }
  check(function<GetVersion>("cuDriverGetVersion")(&version_), "tell its version");
  if (version_ < kCuda) {
    refuse("the NVIDIA driver is too old: it has CUDA " + cuda::version_text(version_) + ", and CUDA " +
           cuda::version_text(kCuda) + " is needed: update it to version " + kDriver +
           " or later, or use the device cpu");
  }
  const int started = function<Init>("cuInit")(0);
  if (started != kNoDevice) check(started, "start");
  if (started == kSuccess) check(function<GetCount>("cuDeviceGetCount")(&count_), "count the GPUs");
  if (count_ == 0) {
    refuse(
        "the NVIDIA driver finds no GPU: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or use the device cpu");
  }
}

std::string CudaDriver::cuda_version() const {
  return cuda::version_text(version_);
}

std::string CudaDriver::name(int index) const {
  std::array<char, 256> text{};
  check(function<GetName>("cuDeviceGetName")(text.data(), static_cast<int>(text.size()) - 1, device(index)),
        "tell a GPU's name");
  return text.data();
}

int CudaDriver::capability(int index) const {
  int major = 0;
  int minor = 0;
  auto* const get = function<GetAttribute>("cuDeviceGetAttribute");
  check(get(&major, kCapabilityMajor, device(index)), "tell a GPU's kind");
  check(get(&minor, kCapabilityMinor, device(index)), "tell a GPU's kind");
  return 10 * major + minor;
}

CudaDriver::Memory CudaDriver::memory(int index) const {
  // The context that LibTorch will use, too: it stays, and what it takes is not free.
  void* context = nullptr;
  check(function<Retain>("cuDevicePrimaryCtxRetain")(&context, device(index)), "open a GPU");
  check(function<Push>("cuCtxPushCurrent_v2")(context), "open a GPU");
  std::size_t free = 0;
  std::size_t total = 0;
  const int status = function<GetMemory>("cuMemGetInfo_v2")(&free, &total);
  check(function<Pop>("cuCtxPopCurrent_v2")(&context), "leave a GPU");
  check(status, "tell a GPU's memory");
  return {free, total};
}

template <typename Function>
Function* CudaDriver::function(const char* name) const {
  void* symbol = dlsym(library_, name);
  if (symbol == nullptr) {
    refuse(std::string("the NVIDIA driver has no function ") + name + ": update it to version " + kDriver +
           " or later, or use the device cpu");
  }
  return reinterpret_cast<Function*>(symbol);
}

std::string CudaDriver::describe(int status) const {
  const char* text = nullptr;
  function<GetErrorString>("cuGetErrorString")(status, &text);
  return (text != nullptr ? text : "unknown error") + (" (" + std::to_string(status) + ")");
}

void CudaDriver::check(int status, const char* what) const {
  if (status == kSuccess) return;
  refuse(std::string("the NVIDIA driver cannot ") + what + ": " + describe(status) +
         ": look at nvidia-smi, or use the device cpu");
}

int CudaDriver::device(int index) const {
  int device = 0;
  check(function<GetDevice>("cuDeviceGet")(&device, index), "open a GPU");
  return device;
}

}  // namespace caption
