#pragma once

#include "cli/doctor/options.h"
#include "cli/exit_status.h"

namespace caption::cli {

/// `caption doctor`: success if nothing failed, else failure. Throws Error, or ClosedPipe if nobody reads the
/// output any more.
ExitStatus run(const DoctorConfig& config);

}  // namespace caption::cli
