#pragma once

#include <filesystem>
#include <optional>

#include "measure/demand.h"

namespace caption {

/// The sizes of the bundle in `folder`, read off its tensors' shapes; nothing if its mapper is a single
/// linear layer, which demands know nothing of. Throws Error(model).
std::optional<ModelShape> model_shape(const std::filesystem::path& folder);

}  // namespace caption
