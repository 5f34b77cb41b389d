#pragma once

#include "cli/bench/options.h"
#include "cli/exit_status.h"

namespace caption::cli {

/// `caption bench`. Throws Error, or ClosedPipe if nobody reads the output any more.
ExitStatus run(const BenchConfig& config);

}  // namespace caption::cli
