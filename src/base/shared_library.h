#pragma once

#include <filesystem>
#include <string>

#include "caption/error.h"

namespace caption {

/// Where one of our own libraries, "libcaption_opencv.so", is, or would be if it were there: in lib/caption
/// of the tree that this program or library belongs to.
std::filesystem::path library_path(const std::string& library);

/// The function `name` of a shared library, or null and why. The library stays open, and its symbols are
/// nobody else's.
void* open_function(const std::filesystem::path& library, const char* name, std::string& reason);

/// What that function, an entry point without arguments, returns.
template <typename Function>
auto from_library(const std::filesystem::path& library, const char* name, std::string& reason)
    -> decltype(Function()()) {
  void* const function = open_function(library, name, reason);
  return function != nullptr ? reinterpret_cast<Function>(function)() : nullptr;
}

/// What the entry point `name` of one of our own modules returns. Throws Error(internal), which calls the
/// module "the part for `what`", if it cannot be opened: it belongs to every installation.
template <typename Function>
auto from_module(const std::string& library, const char* name, const std::string& what)
    -> decltype(*Function()()) {
  std::string reason;
  if (const auto found = from_library<Function>(library_path(library), name, reason)) return *found;
  throw Error(ErrorKind::internal, "cannot load the part for " + what + ": " + reason +
                                       "; the installation is incomplete: build and install caption again");
}

}  // namespace caption
