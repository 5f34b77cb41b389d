#pragma once

#include <string>
#include <string_view>

namespace caption::eval {

/// U+FFFD stands for what is no UTF-8.
std::u16string to_utf16(std::string_view text);
/// U+FFFD stands for half a pair.
std::string to_utf8(std::u16string_view text);

}  // namespace caption::eval
