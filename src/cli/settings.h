#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caption::cli {

/// What stands for an option elsewhere than on the command line.
struct Setting {
  std::string option;               ///< "--beam"
  std::vector<std::string> values;  ///< one; of an option that may be repeated, several
  std::string source;               ///< "config.toml:3", "CAPTION_BEAM"; for messages
};
using Settings = std::vector<Setting>;

/// Which of `options`, "--max-tokens", have their variable, CAPTION_MAX_TOKENS. An empty one counts for none.
Settings environment_settings(const std::vector<std::string>& options);

/// What `file`, in TOML, says for a command: "" for `caption` itself, whose keys stand in no table; "explain"
/// for those in the table [explain]. A key is an option's name without "--". Throws Error(usage) with the
/// file and the line for what is no TOML, for a key that is none of `options`, and for a table that is no
/// command's.
Settings file_settings(const std::filesystem::path& file, const std::string& command,
                       const std::vector<std::string>& options);

/// The configuration file: the one that is `named`, else $CAPTION_CONFIG, else
/// $XDG_CONFIG_HOME/caption/config.toml or ~/.config/caption/config.toml, if there is one.
std::optional<std::filesystem::path> configuration(const std::optional<std::filesystem::path>& named);

}  // namespace caption::cli
