#pragma once

#include <fstream>
#include <string>

/// Whether a library whose file's name has `part` in it is mapped into this process.
inline bool library_is_open(const std::string& part) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t name = line.rfind('/');
    if (name != std::string::npos && line.find(part, name) != std::string::npos) return true;
  }
  return false;
}
