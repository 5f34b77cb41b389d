#include "sandbox/decoder/box.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fcntl.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "sandbox/boxed_process.h"

namespace caption {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// What a decoder needs beside memory: time, its own threads and signals, an end.
constexpr int kHarmless[] = {
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(sched_yield),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Some architectures have no number for some of these, which libseccomp knows.
class Rules {
 public:
  explicit Rules(void* filter) : filter_(filter) {}

  template <typename... Comparisons>
  void allow(int call, Comparisons... comparisons) {
    add(SCMP_ACT_ALLOW, call, comparisons...);
  }
  template <typename... Comparisons>
  void add(std::uint32_t action, int call, Comparisons... comparisons) {
    const int result = seccomp_rule_add(filter_, action, call, sizeof...(comparisons), comparisons...);
    if (result != 0 && failure_ == 0) failure_ = -result;
  }

  int failure() const { return failure_; }

 private:
  void* filter_;
  int failure_ = 0;
};

// What reading files takes, once the kernel sees to it which they are.
constexpr int kReading[] = {
    SCMP_SYS(read),  SCMP_SYS(pread64),    SCMP_SYS(lseek),   SCMP_SYS(close),      SCMP_SYS(fstat),
    SCMP_SYS(stat),  SCMP_SYS(newfstatat), SCMP_SYS(statx),   SCMP_SYS(getdents64), SCMP_SYS(access),
    SCMP_SYS(fcntl), SCMP_SYS(faccessat),  SCMP_SYS(fstatfs),
};

void add_reading(Rules& rules) {
  for (const int call : kReading) rules.allow(call);
  constexpr int kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  rules.allow(SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  rules.allow(SCMP_SYS(open), SCMP_A1(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  rules.allow(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, 0));
}

/// -> 0 or what went wrong, as errno
int add_rules(void* filter, bool reading) {
  Rules rules(filter);
  if (reading) add_reading(rules);
  for (const int call : kHarmless) rules.allow(call);
  if (!reading) rules.allow(SCMP_SYS(read), SCMP_A0(SCMP_CMP_EQ, kBoxSocket));
  rules.allow(SCMP_SYS(write), SCMP_A0(SCMP_CMP_EQ, kBoxSocket));
  // Memory of its own, which no code can be written to and run in.
  rules.allow(SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
              SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_ANONYMOUS, MAP_ANONYMOUS));
  rules.allow(SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Threads, but no processes. The C library falls back to clone where there is no clone3, whose arguments no
  // filter sees.
  constexpr int kThread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
  rules.allow(SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, kThread, kThread));
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // Of a program that gives up: a signal to itself.
  rules.allow(SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
  return rules.failure();
}

/// Bytes that this process has allocated.
[[maybe_unused]] rlim_t allocated() {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  for (int field = 0; field < 6; ++field) file >> pages;  // the sixth: data and stack
  return file ? pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) : 0;
}

/// -> 0 or what went wrong, as errno
int set_limits([[maybe_unused]] std::uint64_t memory_mb) {
  const auto limit = [](auto what, rlim_t most) {
    const rlimit both{most, most};
    return setrlimit(what, &both) == 0 ? 0 : errno;
  };
  int failure = limit(RLIMIT_CORE, 0);
  if (failure == 0) failure = limit(RLIMIT_FSIZE, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose shadows are memory, too
  if (failure == 0) failure = limit(RLIMIT_DATA, allocated() + (memory_mb << 20U));
#endif
  return failure;
}

}  // namespace

std::string enter_box(std::uint64_t memory_mb, bool reading) {
  if (const int failure = set_limits(memory_mb); failure != 0)
    return std::string("its limits cannot be set: ") + std::strerror(failure);
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release);
  if (!filter) return "libseccomp does not know this machine";
  // Of all threads, should a library have some already. Setting no_new_privs is libseccomp's default.
  int failure = -seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (failure == 0) failure = add_rules(filter.get(), reading);
  if (failure == 0) failure = -seccomp_load(filter.get());
  return failure == 0 ? "" : std::string("the kernel has no seccomp for it: ") + std::strerror(failure);
}

}  // namespace caption
