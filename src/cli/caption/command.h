#pragma once

#include "cli/exit_status.h"
#include "cli/options.h"

namespace caption::cli {

/// Captions everything that `config` names. Throws Error, or ClosedPipe if nobody reads the output any more.
ExitStatus run(const CaptionConfig& config);

}  // namespace caption::cli
