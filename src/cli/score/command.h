#pragma once

#include "cli/exit_status.h"
#include "cli/score/options.h"

namespace caption::cli {

/// Runs `caption score`. `some_failed`: the image cannot be read. Throws Error.
ExitStatus run(const ScoreConfig& config);

}  // namespace caption::cli
