#pragma once

#include <filesystem>
#include <memory>

#include "caption/captioner.h"
#include "core/compute.h"

namespace caption {

/// As the other `load_captioner`, on the device and in the weight type of `compute`. Throws Error(model).
std::unique_ptr<Captioner> load_captioner(const std::filesystem::path& folder, const Compute& compute);

}  // namespace caption
