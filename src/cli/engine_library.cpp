#include "cli/engine_library.h"

#include <dlfcn.h>
#include <malloc.h>

#include <cstdlib>

#include "cli/installation.h"

namespace caption::cli {
namespace {

/// Bytes of freed memory that this process keeps.
constexpr int kMostKept = 256 << 20;

/// Activations of megabytes come and go with every layer: what was freed stays with the process, so that the
/// next layer does not get it from the system again, page by page.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, kMostKept / 4);
  mallopt(M_TRIM_THRESHOLD, kMostKept);
}

const Engine* open_engine() {
  const Installation installation = find_installation();
  keep_freed_memory();
  // OpenMP's threads spin for a while after each operator by default, which takes the processor away from the
  // threads that read images. It must be in the environment before LibTorch's OpenMP runtime starts.
  setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
  const auto broken = [&] {
    const char* reason = dlerror();
    return Error(ErrorKind::internal,
                 "cannot load '" + installation.engine.string() + "': " + (reason != nullptr ? reason : "?") +
                     "; the installation is incomplete: build and install caption again",
                 installation.engine);
  };
  // RTLD_LOCAL keeps OpenCV's BLAS out of the global scope, where LibTorch would pick it up.
  void* library = dlopen(installation.engine.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw broken();
  void* symbol = dlsym(library, "caption_engine");
  if (symbol == nullptr) throw broken();
  return reinterpret_cast<decltype(&caption_engine)>(symbol)();
}

}  // namespace

const Engine& load_engine() {
  static const Engine* const engine = open_engine();
  return *engine;
}

}  // namespace caption::cli
