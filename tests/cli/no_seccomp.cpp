// Loaded before the program: a kernel without seccomp.
#include <seccomp.h>

#include <cerrno>

extern "C" int seccomp_load(const scmp_filter_ctx) {
  return -EINVAL;
}
