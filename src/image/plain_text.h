#pragma once

#include <string>
#include <string_view>

namespace caption {

/// UTF-8 for fonts that have ASCII only: letters lose their accents ("cafe"), quotation marks and dashes
/// become plain, any other character its number ("U+732B").
std::string plain_text(std::string_view utf8);

}  // namespace caption
