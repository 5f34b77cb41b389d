#pragma once

#include <dlfcn.h>

#include <string>

namespace caption {

/// What the function `name` of a shared library returns, or null and why. The library is looked for beside
/// the one that this is part of, unless it is a path, and stays open; its symbols are nobody else's.
template <typename Function>
auto from_library(const std::string& library, const char* name, std::string& reason)
    -> decltype(Function()()) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = handle == nullptr ? nullptr : dlsym(handle, name);
  if (symbol != nullptr) return reinterpret_cast<Function>(symbol)();
  const char* const error = dlerror();
  reason = error != nullptr ? error : library + " has no function " + name;
  return nullptr;
}

}  // namespace caption
