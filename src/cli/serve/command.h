#pragma once

#include "cli/exit_status.h"
#include "cli/serve/options.h"

namespace caption::cli {

/// `caption serve`: success when it is told to stop, or at the end of standard input. Throws Error.
ExitStatus run(const ServeConfig& config);

}  // namespace caption::cli
