#pragma once

#include <filesystem>
#include <string>

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

}  // namespace caption
