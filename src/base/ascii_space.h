#pragma once

#include <string_view>

namespace caption {

/// What C's isspace() takes in its own locale.
inline constexpr std::string_view kAsciiSpace = " \t\r\n\f\v";

}  // namespace caption
