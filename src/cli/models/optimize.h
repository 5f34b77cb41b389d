#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "caption/options.h"

namespace caption::cli {

/// Packs the matrices of the model in `folder` and says what that gains. Throws Error.
void optimize_model(const std::filesystem::path& folder, const ModelOptions& options);

/// "12.3 MB"
std::string megabytes(std::uint64_t bytes);

}  // namespace caption::cli
