#include "pipeline/gpu_library.h"

#include <stdlib.h>  // setenv

#include "base/shared_library.h"
#include "caption/error.h"

namespace caption {
namespace {

constexpr const char* kLibrary = "libcaption_libtorch.so";

}  // namespace

bool has_gpu_library() {
  std::error_code unknown;
  return std::filesystem::exists(library_path(kLibrary), unknown);
}

void require_gpu_library() {
  if (has_gpu_library()) return;
  throw Error(
      ErrorKind::model,
      "this installation was built without the part for GPUs: build it with what 'scripts/setup --cuda' "
      "fetches, or use the device cpu");
}

const GpuLibrary& gpu_library() {
  require_gpu_library();
  // The threads of LibTorch's OpenMP spin for a while after each operator by default, which takes the
  // processor away from the threads that read images. It must be in the environment before that runtime is
  // loaded.
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  static std::string reason;
  static const GpuLibrary* const library =
      from_library<decltype(&caption_gpu_library)>(library_path(kLibrary), "caption_gpu_library", reason);
  if (library != nullptr) return *library;
  throw Error(ErrorKind::model, "cannot load the part for GPUs: " + reason +
                                    ": build and install caption again, or use the device cpu");
}

}  // namespace caption
