#pragma once

#include <filesystem>
#include <memory>

#include "caption/captioner.h"
#include "layers/compute.h"
#include "libtorch/engine/transfer.h"

namespace caption {

/// As the other `load_captioner`, on the device and in the weight type of `compute`, which resizes images by
/// `resize`, if there is one. Throws Error(model).
std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const Compute& compute,
                                          ResizeFunction resize = {});

}  // namespace caption
