#pragma once

#include "cli/caption/options.h"
#include "cli/exit_status.h"

namespace caption::cli {

/// Captions everything that `config` names. Throws Error, or ClosedPipe if nobody reads the output any more.
ExitStatus run(const CaptionConfig& config);

}  // namespace caption::cli
