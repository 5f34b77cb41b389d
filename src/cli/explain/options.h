#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/explanation.h"
#include "caption/options.h"
#include "cli/parsed.h"

namespace caption::cli {

/// `caption explain [OPTION]... IMAGE`, complete and checked.
struct ExplainConfig {
  std::string image;  ///< a file, or "-" for standard input
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options{.note = log::info};
  ImageOptions image_options;
  DecodeOptions decode;
  ExplainOptions explanation;
  bool json = false;                          ///< instead of the table
  std::optional<std::filesystem::path> html;  ///< a page, too
  std::optional<std::filesystem::path> png;   ///< a picture, too
  bool quiet = false;
};

/// The arguments after `caption explain`. Throws Error(usage).
Parsed<ExplainConfig> parse_explain(const std::vector<std::string>& arguments);

}  // namespace caption::cli
