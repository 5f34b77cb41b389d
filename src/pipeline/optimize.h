#pragma once

#include <filesystem>

#include "caption/options.h"
#include "model/pack_report.h"

namespace caption {

/// Keeps the matrices of the bundle in `folder` as they are used with these options, for faster starts:
/// model/pack.h. Throws Error.
PackReport optimize_bundle(const std::filesystem::path& folder, const ModelOptions& options);

}  // namespace caption
