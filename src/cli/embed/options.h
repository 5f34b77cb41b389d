#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "inputs/input.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// `caption embed [OPTION]... INPUT... --output FILE`, complete and checked.
struct EmbedConfig {
  InputOptions inputs;
  std::optional<std::filesystem::path> texts;  ///< a file of texts, instead of inputs; "-" is standard input
  std::string model;                           ///< name or folder; empty: the best of what is installed
  ModelOptions model_options{.note = log::info};
  BatchOptions batch;
  std::filesystem::path output;
  bool normalize = false;
  bool quiet = false;
};

/// The arguments after `caption embed`. Throws Error(usage).
Parsed<EmbedConfig> parse_embed(const std::vector<std::string>& arguments);

}  // namespace caption::cli
