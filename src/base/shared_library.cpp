#include "base/shared_library.h"

#include <dlfcn.h>

#include "caption/error.h"

namespace caption {

std::filesystem::path library_path(const std::string& library) {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&library_path), &here) == 0)
    throw Error(ErrorKind::internal, "cannot find the folder of the program");
  std::error_code unknown;
  const std::filesystem::path file = std::filesystem::canonical(here.dli_fname, unknown);
  const std::filesystem::path folder = (unknown ? std::filesystem::path(here.dli_fname) : file).parent_path();
  // This is part of PREFIX/bin/caption, of PREFIX/lib/libcaption.so or of a library in PREFIX/lib/caption.
  for (const char* way : {"", "caption", "../lib/caption"}) {
    const std::filesystem::path found = folder / way / library;
    std::error_code ignored;
    if (std::filesystem::exists(found, ignored)) return found;
  }
  return folder / "../lib/caption" / library;
}

void* open_function(const std::filesystem::path& library, const char* name, std::string& reason) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = handle == nullptr ? nullptr : dlsym(handle, name);
  if (symbol != nullptr) return symbol;
  const char* const error = dlerror();
  reason = error != nullptr ? error : library.string() + " has no function " + name;
  return nullptr;
}

}  // namespace caption
