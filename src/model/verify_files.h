#pragma once

#include <filesystem>
#include <string>

#include "model/manifest.h"

namespace caption {

/// Size and sha256 of FOLDER/name, as a manifest lists them. Throws Error(model) if it cannot be read.
Manifest::File describe_file(const std::filesystem::path& folder, const std::string& name);

/// Compares every file of the bundle with its listed size (always) and sha256 (if `hashes`).
/// Throws Error(model) that names the file that is missing or differs.
void verify_files(const std::filesystem::path& folder, const Manifest& manifest, bool hashes);

}  // namespace caption
