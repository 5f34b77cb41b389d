#include "inputs/selection.h"

#include <fnmatch.h>

#include <algorithm>

#include "inputs/image_names.h"

namespace caption {
namespace {

bool fits(const std::string& pattern, const std::string& below) {
  const bool whole = pattern.find('/') != std::string::npos;
  const std::string subject = whole ? below : below.substr(below.rfind('/') + 1);
  return fnmatch(pattern.c_str(), subject.c_str(), 0) == 0;
}

bool any_fits(const std::vector<std::string>& patterns, const std::string& below) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return fits(pattern, below); });
}

}  // namespace

bool Patterns::takes_file(const std::string& below) const {
  return (include.empty() || any_fits(include, below)) && !any_fits(exclude, below);
}

bool Patterns::enters(const std::string& below) const {
  return !any_fits(exclude, below);
}

bool Patterns::is_picture_name(const std::string& name) const {
  return has_image_extension(name) || (drawings && is_drawing_name(name));
}

bool Shard::takes(const std::string& name) const {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  hash ^= hash >> 32U;  // the low bits of FNV-1a depend on the low bits of the text alone
  return hash % count == index - 1;
}

}  // namespace caption
