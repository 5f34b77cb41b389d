#pragma once

#include <string>
#include <vector>

namespace caption::cli {

/// The words that an option was given: each value is one, or "@FILE", whose lines are words (UTF-8; blank
/// ones count for nothing). Throws Error(usage) that names `option` for a file that cannot be read or is no
/// text.
std::vector<std::string> words_of(const std::string& option, const std::vector<std::string>& values);

}  // namespace caption::cli
