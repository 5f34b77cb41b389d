#pragma once

#include "cli/options.h"

namespace caption::cli {

/// Throws Error(usage) if --output, --failed or --html would overwrite an input, a list, each other, or any
/// image: the last happens when the option's value was forgotten (`caption --output *.jpg`).
void guard_outputs(const CaptionConfig& config);
/// The same for --html and --png.
void guard_outputs(const ExplainConfig& config);

}  // namespace caption::cli
