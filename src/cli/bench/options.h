#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace caption::cli {

/// The arguments after `caption bench`: a BenchConfig or PrintHelp. Throws Error(usage).
Command parse_bench(const std::vector<std::string>& arguments);

}  // namespace caption::cli
