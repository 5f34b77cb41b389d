// Loaded before the program: files of more than 900,000 bytes cannot be mapped whole for reading, as on a file
// system without mmap. The system's loader maps libraries with other protections or parts of them.
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>

namespace {

constexpr off_t kLargest = 900'000;

using Map = void* (*)(void*, std::size_t, int, int, int, off_t);

bool is_refused(std::size_t size, int protection, int descriptor, off_t offset) {
  struct stat status {};
  return descriptor >= 0 && protection == PROT_READ && offset == 0 && fstat(descriptor, &status) == 0 &&
         S_ISREG(status.st_mode) && status.st_size > kLargest && static_cast<off_t>(size) == status.st_size;
}

}  // namespace

extern "C" void* mmap(void* address, std::size_t size, int protection, int flags, int descriptor,
                      off_t offset) noexcept {
  if (is_refused(size, protection, descriptor, offset)) {
    errno = ENODEV;
    return MAP_FAILED;
  }
  static const Map next = reinterpret_cast<Map>(dlsym(RTLD_NEXT, "mmap"));
  return next(address, size, protection, flags, descriptor, offset);
}

extern "C" void* mmap64(void* address, std::size_t size, int protection, int flags, int descriptor,
                        off_t offset) noexcept {
  return mmap(address, size, protection, flags, descriptor, offset);
}
