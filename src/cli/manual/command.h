#pragma once

#include "cli/exit_status.h"
#include "cli/manual/options.h"

namespace caption::cli {

/// Write the completions of a shell, and man pages. Each throws Error(output), or ClosedPipe if nobody reads
/// the output any more.
ExitStatus run(const CompletionsConfig& config);
ExitStatus run(const ManualConfig& config);

}  // namespace caption::cli
