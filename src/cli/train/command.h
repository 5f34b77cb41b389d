#pragma once

#include "cli/exit_status.h"
#include "cli/train/options.h"

namespace caption::cli {

/// Trains. Throws Error.
ExitStatus run(const TrainConfig& config);

}  // namespace caption::cli
