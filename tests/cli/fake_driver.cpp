// NVIDIA's driver as the program sees it before it uses a GPU. The environment says what it answers.

#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

long setting(const char* name, long otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atol(text) : otherwise;
}

int count() {
  return static_cast<int>(setting("FAKE_GPUS", 1));
}

bool initialised = false;
int context = 0;
void* current = nullptr;

}  // namespace

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(setting("FAKE_CUDA_VERSION", 13010));
  return 0;
}

int cuInit(unsigned) {
  initialised = true;
  if (count() == 0) return 100;
  return static_cast<int>(setting("FAKE_CUDA_INIT", 0));
}

int cuGetErrorString(int, const char** text) {
  *text = "a fault that a test asked for";
  return 0;
}

int cuDeviceGetCount(int* gpus) {
  *gpus = count();
  return initialised ? 0 : 3;
}

int cuDeviceGet(int* device, int index) {
  *device = index + 40;  // a handle is not the index
  return index < count() ? 0 : 101;
}

int cuDeviceGetName(char* name, int size, int device) {
  std::snprintf(name, static_cast<std::size_t>(size), "Fake T%d", device - 40);
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  const long capability = setting("FAKE_CAPABILITY", 75);
  *value = static_cast<int>(attribute == 75 ? capability / 10 : capability % 10);
  return attribute == 75 || attribute == 76 ? 0 : 1;
}

int cuDevicePrimaryCtxRetain(void** result, int) {
  *result = &context;
  return 0;
}

int cuCtxPushCurrent_v2(void* pushed) {
  current = pushed;
  return 0;
}

int cuCtxPopCurrent_v2(void** popped) {
  *popped = current;
  current = nullptr;
  return 0;
}

int cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  if (current == nullptr) return 201;
  *free = static_cast<std::size_t>(setting("FAKE_FREE_MB", 15000)) * 1000000;
  *total = std::size_t{16000000000};
  return 0;
}
}
