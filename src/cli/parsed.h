#pragma once

#include <variant>

#include "cli/exit_status.h"
#include "cli/help.h"

namespace caption::cli {

/// `--help`.
struct PrintHelp {
  HelpPage page;
};

/// What a command's arguments ask for.
template <typename Config>
using Parsed = std::variant<Config, PrintHelp>;

/// Throws Error(output), or ClosedPipe if nobody reads the output any more.
ExitStatus run(const PrintHelp& help);

}  // namespace caption::cli
