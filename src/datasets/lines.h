#pragma once

#include <string>
#include <vector>

namespace caption {

/// The lines of a text that are not empty.
std::vector<std::string> lines_of(const std::string& text);

}  // namespace caption
