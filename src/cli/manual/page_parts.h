#pragma once

#include <string>
#include <vector>

#include "cli/help.h"

namespace caption::cli {

/// The words behind "caption": "models import"; empty for `caption` itself.
std::string words_of(const HelpPage& page);

/// A word that may follow others, and what it is for.
struct Subcommand {
  std::string word;
  std::string description;
};

/// The commands that `words` begin: of "models", "list", ...; of "", "models", "explain", ...
std::vector<Subcommand> subcommands(const std::vector<HelpPage>& pages, const std::string& words);

/// What an option is for in a few words: its help up to the first stop.
std::string summary(const HelpOption& option);

/// "a b c"
std::string joined(const std::vector<std::string>& words, const std::string& separator = " ");

/// In single quotes, for a shell of the Bourne family.
std::string quoted(const std::string& text);

}  // namespace caption::cli
