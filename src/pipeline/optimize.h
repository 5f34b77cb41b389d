#pragma once

#include <filesystem>

#include "caption/options.h"
#include "model/pack_report.h"

namespace caption {

/// Keeps a bundle's matrices as they are used on the CPU with these options, for faster starts: see
/// model/pack.h.
PackReport optimize_bundle(const std::filesystem::path& folder, const ModelOptions& options);

}  // namespace caption
