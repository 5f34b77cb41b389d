#pragma once

#include "cli/eval/options.h"
#include "cli/exit_status.h"

namespace caption::cli {

/// Runs `caption eval`. `some_failed`: some captions could not be measured. Throws Error.
ExitStatus run(const EvalConfig& config);

}  // namespace caption::cli
