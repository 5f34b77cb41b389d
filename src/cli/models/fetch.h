#pragma once

#include "cli/exit_status.h"
#include "cli/models/fetch_options.h"

namespace caption::cli {

/// `caption models fetch`: downloads, imports and, if asked to, optimizes. Throws Error.
ExitStatus run(const FetchConfig& config);

}  // namespace caption::cli
