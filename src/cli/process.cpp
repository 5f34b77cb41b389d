#include "cli/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

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

}  // namespace

void prepare_process() {
  // The wrong direction on purpose: reading a closed stdin or writing to a closed stdout must fail, not
  // vanish. open() takes the lowest free descriptor, so each call fills the one just found closed.
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) std::abort();
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files, too, is an error of write()
  keep_freed_memory();
}

void leave(ExitStatus status) {
  std::fflush(nullptr);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  // The sanitizers report at exit.
  std::exit(static_cast<int>(status));
#else
  _exit(static_cast<int>(status));
#endif
}

}  // namespace caption::cli
