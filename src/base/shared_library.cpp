#include "base/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include "caption/error.h"

namespace caption {

namespace {

/// The program or shared library that this is part of.
std::filesystem::path own_file() {
  Dl_info here{};
  link_map* map = nullptr;
  if (dladdr1(reinterpret_cast<const void*>(&library_path), &here, reinterpret_cast<void**>(&map),
              RTLD_DL_LINKMAP) == 0) {
    throw Error(ErrorKind::internal, "cannot find the folder of the program");
  }
  // Of the program itself, which has no name there, dladdr tells what it was started as: perhaps "caption".
  const bool program = map->l_name == nullptr || map->l_name[0] == '\0';
  std::error_code unknown;
  const std::filesystem::path file = std::filesystem::canonical(program ? "/proc/self/exe" : here.dli_fname, unknown);
  return unknown ? std::filesystem::path(here.dli_fname) : file;
}

}  // namespace

std::filesystem::path library_path(const std::string& library) {
  const std::filesystem::path folder = own_file().parent_path();
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
