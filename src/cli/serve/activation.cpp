#include "cli/serve/activation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "caption/error.h"

namespace caption::cli {
namespace {

constexpr int kFirst = 3;  // sd_listen_fds(3)

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<int> handed_over_socket() {
  if (environment("LISTEN_PID") != std::to_string(::getpid())) return std::nullopt;
  const std::string count = environment("LISTEN_FDS");
  if (count != "1")
    throw Error(ErrorKind::usage,
                "systemd hands over " + count + " sockets: the socket unit is to have one ListenStream");
  ::fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  return kFirst;
}

}  // namespace caption::cli
