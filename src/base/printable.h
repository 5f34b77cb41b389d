#pragma once

#include <string>
#include <string_view>

namespace caption {

/// `name` for a line of text: control characters, which could break the line or steer a terminal, as \n, \t
/// or \xNN.
std::string printable(std::string_view name);

/// `text` on one line: every control character becomes a space.
std::string single_line(std::string_view text);

}  // namespace caption
