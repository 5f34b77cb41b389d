#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/help.h"
#include "cli/parsed.h"

namespace caption::cli {

/// The help pages of all commands; `caption` itself is the first.
using AllPages = std::function<std::vector<HelpPage>()>;

enum class Shell { bash, zsh, fish };

/// `caption completions SHELL`
struct CompletionsConfig {
  AllPages pages;
  Shell shell = Shell::bash;
};

/// `caption manual [COMMAND]...` or `caption manual --folder FOLDER`
struct ManualConfig {
  AllPages pages;
  std::string command;                          ///< "caption models import"
  std::optional<std::filesystem::path> folder;  ///< for the man pages of all commands
};

/// The arguments after `caption completions`, after `caption manual`. Each throws Error(usage).
Parsed<CompletionsConfig> parse_completions(const std::vector<std::string>& arguments, AllPages pages);
Parsed<ManualConfig> parse_manual(const std::vector<std::string>& arguments, AllPages pages);

}  // namespace caption::cli
