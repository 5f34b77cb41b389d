#pragma once

#include <string>
#include <variant>

#include "cli/exit_status.h"

namespace caption::cli {

/// `--help`.
struct PrintHelp {
  std::string text;
};

/// What a command's arguments ask for.
template <typename Config>
using Parsed = std::variant<Config, PrintHelp>;

/// Throws Error(output), or ClosedPipe if nobody reads the output any more.
ExitStatus run(const PrintHelp& help);

}  // namespace caption::cli
