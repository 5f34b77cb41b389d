#include "cli/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "files/mapped_ranges.h"

namespace caption::cli {
namespace {

/// Bytes of freed memory that this process keeps.
constexpr int kMostKept = 256 << 20;

/// Activations of megabytes come and go with every layer, and pictures of tens of megabytes with every input:
/// what was freed stays with the process, so that the next one does not get it from the system again, page by
/// page. The padding is for threads, each of which has heaps of at most 64 MB that are given back as a whole
/// when they hold less than it.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, kMostKept / 4);
  mallopt(M_TRIM_THRESHOLD, kMostKept);
  mallopt(M_TOP_PAD, kMostKept / 4);
}

/// A mapped file that was shortened, or whose file system fails: there is no way on, but a word.
extern "C" void on_lost_page(int number, siginfo_t* info, void*) {
  const char* const file = mapped_file_at(info->si_addr);
  if (file == nullptr) {  // a defect of ours
    std::signal(number, SIG_DFL);
    std::raise(number);
    return;
  }
  const auto say = [](const char* text) {
    // Nothing can be done about a stderr that takes nothing.
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
  };
  say("caption: error: ");
  say(file);
  say(": was shortened, or could not be read any more, while it was in use; copy it again (to "
      "replace a model that is in use, rename the new one into its place)\n");
  _exit(static_cast<int>(ExitStatus::failure));
}

void catch_lost_pages() {
  struct sigaction action {};
  action.sa_sigaction = on_lost_page;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
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
  catch_lost_pages();
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
