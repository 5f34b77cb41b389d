#pragma once

#include "cli/exit_status.h"
#include "cli/models/options.h"

namespace caption::cli {

/// `caption models ...`. Throws Error, or ClosedPipe if nobody reads the output any more.
ExitStatus run(const ModelsConfig& config);

}  // namespace caption::cli
