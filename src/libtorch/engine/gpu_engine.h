#pragma once

#include <filesystem>
#include <memory>

#include "libtorch/engine/search_parts.h"
#include "libtorch/engine/transfer.h"
#include "libtorch/layers/layers.h"
#include "pipeline/engine.h"

namespace caption {

/// Loads the bundle in `folder` on a device of LibTorch's that has streams (the CPU has none), in the type of
/// `compute`. Images are resized there by `resize`, if there is one. Throws Error(model).
std::unique_ptr<Engine> make_engine_on(const std::filesystem::path& folder, const TorchCompute& compute,
                                       ResizeFunction resize = {}, Note note = {});

}  // namespace caption
