#pragma once

#include <dlfcn.h>

#include <filesystem>
#include <string>

namespace caption {

/// Where `library` belongs, whether it is there or not: beside the library or program that this is part of.
std::filesystem::path beside(const std::string& library);

/// What the function `name` of a shared library returns, or null and why. The library is looked for beside
/// this one, then where the system looks, unless it is a path; it stays open, and its symbols are nobody
/// else's.
template <typename Function>
auto from_library(const std::string& library, const char* name, std::string& reason)
    -> decltype(Function()()) {
  const std::filesystem::path here = beside(library);  // of a path, the path itself
  void* const handle =
      dlopen(std::filesystem::exists(here) ? here.c_str() : library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = handle == nullptr ? nullptr : dlsym(handle, name);
  if (symbol != nullptr) return reinterpret_cast<Function>(symbol)();
  const char* const error = dlerror();
  reason = error != nullptr ? error : library + " has no function " + name;
  return nullptr;
}

}  // namespace caption
