#pragma once

#include <string>

#include "cli/exit_status.h"

namespace caption::cli {

/// `caption --version`.
struct PrintVersion {
  bool verbose = false;  ///< the libraries, the instruction set, and origin and licence of the models that
                         ///< come along, too
};

/// "caption 0.2.0 (commit 1234567)"
std::string program_version();

/// The commit's date, "2026-01-31"; empty if it is not known.
std::string program_date();

/// Throws Error(output), or ClosedPipe if nobody reads the output any more.
ExitStatus run(const PrintVersion& request);

}  // namespace caption::cli
