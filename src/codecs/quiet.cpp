#include "codecs/quiet.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdio>

namespace caption {
namespace {

thread_local bool quiet = false;
std::FILE* original = nullptr;

ssize_t pass_on(void*, const char* text, std::size_t size) {
  if (!quiet) std::fwrite(text, 1, size, original);
  return static_cast<ssize_t>(size);
}

/// Puts a stream that asks each time in the place of `stderr`, once, for as long as the program runs.
void set_up() {
  static const bool done = [] {
    original = stderr;
    cookie_io_functions_t functions{};
    functions.write = pass_on;
    if (std::FILE* const asking = fopencookie(nullptr, "w", functions); asking != nullptr) {
      std::setvbuf(asking, nullptr, _IONBF, 0);
      stderr = asking;
    }
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace

Quiet::Quiet() {
  set_up();
  quiet = true;
}

Quiet::~Quiet() {
  quiet = false;
}

}  // namespace caption
