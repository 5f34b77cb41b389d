#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"

namespace caption::cli {

/// `caption score [OPTION]... IMAGE TEXT...`, complete and checked.
struct ScoreConfig {
  std::string image;  ///< a file, or "-" for standard input
  std::vector<std::string> texts;
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options{.note = log::info};
  ImageOptions image_options;
  bool tokens = false;  ///< each text's tokens, too
  bool json = false;    ///< JSON Lines instead of the table
  bool quiet = false;
};

/// The arguments after `caption score`. Throws Error(usage).
Parsed<ScoreConfig> parse_score(const std::vector<std::string>& arguments);

}  // namespace caption::cli
