#pragma once

#include <cstdint>
#include <filesystem>

namespace caption {

/// Deletes the bundle in `folder` with the packed files that optimize_bundle made for it; of a link to a
/// folder, the link alone. It is gone at once, or not at all. -> bytes that its files had. Throws
/// Error(usage) if the folder holds what is no part of the bundle, Error(model) if it cannot be read,
/// Error(output) if it cannot be deleted.
std::uint64_t remove_bundle(const std::filesystem::path& folder);

}  // namespace caption
