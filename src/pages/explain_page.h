#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "cli/explain/text.h"
#include "pipeline/engine.h"

namespace caption::cli {

/// An explanation as one page that needs nothing else. `file_bytes` are the image's; it is read again for the
/// picture. Throws what the engine throws.
std::string explanation_page(const ExplainedImage& explained, std::span<const std::byte> file_bytes,
                             const ImageOptions& options, const Engine& engine);

}  // namespace caption::cli
