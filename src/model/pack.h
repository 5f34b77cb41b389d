#pragma once

#include <filesystem>

#include "layers/cpu.h"
#include "model/pack_report.h"
#include "model/packed_files.h"

namespace caption {

/// Compares the files of the bundle in `folder` with their hashes, loads it, and writes its matrices as they
/// are packed for `compute`, to the first of packed_places that takes them. From then on load_bundle uses
/// them. Throws Error(model) if the bundle is damaged or cannot be loaded, Error(output) if no place takes
/// them.
PackReport pack_bundle(const std::filesystem::path& folder, const CpuCompute& compute);

/// Compares a file's matrices with their sha256. Throws Error(model) if it is damaged.
void verify_packed(const PackedFile& file);

}  // namespace caption
