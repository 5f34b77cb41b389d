#pragma once

#include <string>

namespace caption::cli {

/// What stands before the options of `caption --help`, and behind them.
std::string usage_text();
std::string help_footer();

}  // namespace caption::cli
