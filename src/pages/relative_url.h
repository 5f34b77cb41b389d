#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace caption {

/// The address of `file` in a page that lies in `folder`, percent-encoded, so that both can be moved
/// together. Names may hold any bytes. Nothing if the way from one to the other cannot be told.
std::optional<std::string> relative_url(const std::filesystem::path& folder,
                                        const std::filesystem::path& file);

}  // namespace caption
