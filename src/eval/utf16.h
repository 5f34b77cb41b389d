#pragma once

#include <string>
#include <string_view>

namespace caption::eval {

/// U+FFFD stands for what is no UTF-8.
std::u16string to_utf16(std::string_view text);
/// U+FFFD stands for half a pair.
std::string to_utf8(std::u16string_view text);

/// Each `old` in text becomes `by`.
void replace_all(std::u16string& text, std::u16string_view old, std::u16string_view by);

}  // namespace caption::eval
