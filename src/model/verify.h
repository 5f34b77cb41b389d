#pragma once

#include <filesystem>

namespace caption {

/// Compares every file of the bundle in `folder` with its size and sha256, and its packed matrices with
/// theirs, if they are in use. Throws Error(model) naming the file that differs.
void verify_bundle(const std::filesystem::path& folder);

}  // namespace caption
