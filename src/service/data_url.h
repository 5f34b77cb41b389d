#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace caption {

/// The picture in "data:image/jpeg;base64,...". Throws Problem(400) for another URL, which is never fetched.
std::vector<std::byte> picture_of_data_url(std::string_view url);

/// The bytes that `text` has in base64. `what` names them in a message. Throws Problem(400).
std::vector<std::byte> picture_of_base64(std::string_view text, const char* what);

}  // namespace caption
