#pragma once

#include "cli/embed/options.h"
#include "cli/exit_status.h"

namespace caption::cli {

/// Runs `caption embed`. `some_failed`: some images cannot be read. Throws Error.
ExitStatus run(const EmbedConfig& config);

}  // namespace caption::cli
