#pragma once

#include <string>
#include <string_view>

namespace caption::eval {

/// Each code unit in lower case, as Unicode has it, whatever the locale.
std::u16string lower_case(std::u16string_view text);

}  // namespace caption::eval
