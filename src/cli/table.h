#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace caption::cli {

/// A column of a table in text.
struct Column {
  std::string name;
  bool right = false;  ///< aligned to the right, as numbers are
};

/// The columns' names and `lines`, each of as many cells, in columns wide enough, two spaces apart, without
/// spaces at the ends.
std::string aligned(const std::vector<Column>& columns, std::vector<std::vector<std::string>> lines);

/// snprintf's text; for short ones.
template <typename... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), pattern, arguments...);
  return text.data();
}

}  // namespace caption::cli
