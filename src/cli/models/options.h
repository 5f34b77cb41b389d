#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace caption::cli {

/// The words that may follow `caption models`.
const std::vector<std::string>& model_actions();

/// The arguments after `caption models`: a ModelsConfig or PrintHelp. Throws Error(usage).
Command parse_models(const std::vector<std::string>& arguments);

}  // namespace caption::cli
