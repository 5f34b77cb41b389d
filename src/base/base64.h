#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caption {

/// RFC 4648, with padding.
std::string base64(std::span<const std::byte> bytes);

/// What `text` stands for, with padding or without; nothing if it is no base64 of RFC 4648: other characters,
/// white space among them, or bits left over.
std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace caption
