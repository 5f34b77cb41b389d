// Loaded before the program: an AVIF decoder as an attacker would like it. What it does is in the
// environment, CAPTION_BAD_CODEC. It answers "BMFF parsing failed" if the system refused what it tried, else
// "Invalid ftyp".
#include <avif/avif.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

std::string_view wanted() {
  const char* const value = std::getenv("CAPTION_BAD_CODEC");
  return value != nullptr ? value : "";
}

bool can_fork() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, nullptr, 0);
  return child > 0;
}

/// Whether the system lets us do something.
bool can(std::string_view what) {
  struct stat status {};
  if (what == "open") return open("/etc/passwd", O_RDONLY) >= 0;
  if (what == "create") return open("made", O_CREAT | O_WRONLY, 0600) >= 0;
  if (what == "stat") return stat("/etc/passwd", &status) == 0;
  if (what == "internet") return socket(AF_INET, SOCK_STREAM, 0) >= 0;
  if (what == "socket") return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
  if (what == "fork") return can_fork();
  if (what == "signal") return kill(getppid(), 0) == 0;
  if (what == "code")
    return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  if (what == "memory_file") return memfd_create("file", 0) >= 0;
  if (what == "descriptor") return fcntl(0, F_GETFD) >= 0;
  std::abort();
}

avifResult take_all_memory() {
  constexpr std::size_t kStep = std::size_t{1} << 20U;
  while (void* const block = std::malloc(kStep)) std::memset(block, 1, kStep);
  return AVIF_RESULT_OUT_OF_MEMORY;
}

}  // namespace

extern "C" avifResult avifDecoderParse(avifDecoder*) {
  const std::string_view what = wanted();
  if (what == "crash") *static_cast<volatile int*>(nullptr) = 1;
  for (const std::atomic<bool> running{true}; what == "loop" && running;) {
  }
  if (what == "memory") return take_all_memory();
  return can(what) ? AVIF_RESULT_INVALID_FTYP : AVIF_RESULT_BMFF_PARSE_FAILED;
}
