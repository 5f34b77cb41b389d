#pragma once

#include "cli/exit_status.h"
#include "cli/options.h"

namespace caption::cli {

/// `caption doctor`: success if nothing failed, else failure. Throws Error, or ClosedPipe if nobody reads the
/// output any more.
ExitStatus run(const DoctorConfig& config);

}  // namespace caption::cli
