#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "caption/options.h"
#include "cli/parsed.h"

namespace caption::cli {

/// `caption models fetch ...`, complete and checked.
struct FetchConfig {
  std::string model;              ///< one of the published ones
  std::string name;               ///< what it is to be called; empty: the same
  std::filesystem::path folder;   ///< to be made; empty: `name` among the user's models
  std::vector<std::string> from;  ///< see FetchSources
  bool mirror = false;
  std::filesystem::path published;  ///< a table in the place of ours; may be empty
  std::filesystem::path tokenizer;  ///< empty: GPT-2's
  std::optional<Precision> optimize;
  int timeout_s = 30;
  int retries = 5;
  bool dry_run = false;
  bool quiet = false;
};

/// The arguments after `caption models fetch`. Throws Error(usage).
Parsed<FetchConfig> parse_fetch(const std::vector<std::string>& arguments);

/// What is wrong with a bundle's name, which stands alone in a folder and on a command line; or nothing.
std::string wrong_model_name(const std::string& name);

}  // namespace caption::cli
