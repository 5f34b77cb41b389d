#include "sandbox/boxed_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>

#include "caption/error.h"

namespace caption {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kLook{1};
// A process that neither computes nor answers is given up after so many times its limit.
constexpr int kPatience = 20;

/// What a new process is started with.
class Start {
 public:
  Start() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
  }
  ~Start() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&files_);
  }
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;

  /// Its standard streams lead nowhere; of our files it has the socket alone.
  void give_socket(int socket) {
    for (const int stream : {0, 1, 2})
      posix_spawn_file_actions_addopen(&files_, stream, "/dev/null", stream == 0 ? O_RDONLY : O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, socket, kBoxSocket);
    posix_spawn_file_actions_addclosefrom_np(&files_, kBoxSocket + 1);
  }

  /// What a terminal or a service manager sends to all processes is for us: it ends when we do.
  void shield_from_signals() {
    sigset_t shielded;
    sigemptyset(&shielded);
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP}) sigaddset(&shielded, signal);
    posix_spawnattr_setsigmask(&attributes_, &shielded);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }

  /// -> 0 or what went wrong, as errno
  int run(pid_t& process, const std::string& program, std::vector<std::string>& arguments) const {
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    return posix_spawn(&process, program.c_str(), &files_, &attributes_, words.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

/// What became of a process, as a sentence that begins with "its decoder".
std::string fate(int status) {
  if (!WIFSIGNALED(status)) return "its decoder ended with status " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  const char* const name = sigabbrev_np(signal);
  const std::string text = name != nullptr ? std::string("SIG") + name : std::to_string(signal);
  if (signal == SIGKILL) return "its decoder was killed (SIGKILL), as happens when memory runs out";
  return "its decoder crashed (" + text + ")";
}

}  // namespace

std::unique_ptr<BoxedProcess> BoxedProcess::start(const std::filesystem::path& program,
                                                  std::vector<std::string> arguments, std::string& reason) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    reason = std::string("no socket: ") + strerror(errno);
    return nullptr;
  }
  Start start;
  start.give_socket(ends[1]);
  start.shield_from_signals();
  pid_t process = -1;
  const int failure = start.run(process, program.string(), arguments);
  close(ends[1]);
  if (failure != 0) {
    close(ends[0]);
    reason = program.string() + ": " + strerror(failure);
    return nullptr;
  }
  return std::unique_ptr<BoxedProcess>(new BoxedProcess(process, ends[0]));
}

BoxedProcess::~BoxedProcess() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(socket_);
}

double BoxedProcess::seconds_used() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &time) != 0) return used_before_;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void BoxedProcess::begin_question(int seconds) {
  seconds_ = seconds;
  used_before_ = seconds_used();
  last_look_ = steady_clock::now();
  waited_ = {};
}

void BoxedProcess::wait_until_ready(short event) {
  while (true) {
    pollfd socket{socket_, event, 0};
    const int ready = poll(&socket, 1, static_cast<int>(std::chrono::milliseconds(kLook).count()));
    const steady_clock::time_point now = steady_clock::now();
    // A longer gap is one in which we did not run either: the terminal stopped us both.
    waited_ += std::min<steady_clock::duration>(now - last_look_, 2 * kLook);
    last_look_ = now;
    if (seconds_used() - used_before_ > seconds_ || waited_ > std::chrono::seconds(seconds_) * kPatience) {
      throw Error(ErrorKind::corrupt, "its decoder took longer than " + std::to_string(seconds_) + " s");
    }
    if (ready > 0) return;
  }
}

void BoxedProcess::send(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    wait_until_ready(POLLOUT);
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      fail_ended();
    }
  }
}

void BoxedProcess::receive(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    wait_until_ready(POLLIN);
    const ssize_t received = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (received > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(received));
    } else if (received == 0 || (errno != EAGAIN && errno != EINTR)) {
      fail_ended();
    }
  }
}

void BoxedProcess::fail_ended() {
  kill(process_, SIGKILL);  // of one that has only closed its socket; others have their end already
  int status = 0;
  pid_t ended = -1;
  do {
    ended = waitpid(process_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  process_ = -1;  // nobody's any more
  // A program around this library may have waited for all its children.
  throw Error(ErrorKind::corrupt, ended < 0 ? "its decoder ended" : fate(status));
}

}  // namespace caption
