#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace caption {

/// The file of a picture that annotations call `name`: below `folder` by its whole name or by its last part,
/// or as it is named.
std::optional<std::filesystem::path> find_picture(const std::filesystem::path& folder,
                                                  const std::string& name);

}  // namespace caption
