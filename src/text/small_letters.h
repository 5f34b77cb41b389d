#pragma once

#include <string>
#include <string_view>

namespace caption {

/// UTF-8 in Unicode's normalisation form C, then in small letters, each by itself. Throws Error(internal) if
/// the module cannot be opened, which ASCII does not need.
std::string small_letters(std::string_view utf8);

}  // namespace caption
