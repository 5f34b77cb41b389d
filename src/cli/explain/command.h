#pragma once

#include "cli/exit_status.h"
#include "cli/explain/options.h"

namespace caption::cli {

/// `caption explain`. Throws Error, or ClosedPipe if nobody reads the output any more.
ExitStatus run(const ExplainConfig& config);

}  // namespace caption::cli
