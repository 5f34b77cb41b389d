#pragma once

#include <string>
#include <vector>

#include "cli/help.h"

namespace caption::cli {

/// A script that makes the shell complete the commands of `pages`, of which `caption` itself is the first.
std::string bash_completions(const std::vector<HelpPage>& pages);
std::string zsh_completions(const std::vector<HelpPage>& pages);
std::string fish_completions(const std::vector<HelpPage>& pages);

}  // namespace caption::cli
