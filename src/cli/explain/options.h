#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace caption::cli {

/// The arguments after `caption explain`: an ExplainConfig or PrintHelp. Throws Error(usage).
Command parse_explain(const std::vector<std::string>& arguments);

}  // namespace caption::cli
