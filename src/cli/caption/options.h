#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace caption::cli {

/// The options of `caption` itself: a CaptionConfig, PrintHelp or PrintVersion. Throws Error(usage).
Command parse_caption(const std::vector<std::string>& arguments);

}  // namespace caption::cli
