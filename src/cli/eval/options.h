#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "eval/statistics.h"

namespace caption::cli {

/// `caption eval [OPTION]... CAPTIONS REFERENCES`, complete and checked.
struct EvalConfig {
  std::filesystem::path captions;  ///< "-" for standard input, as all three
  std::filesystem::path references;
  std::optional<std::filesystem::path> compare;  ///< other captions of the same pictures
  std::string split;                             ///< of the references; empty: all of them

  std::optional<std::filesystem::path> meteor_data;
  std::optional<std::filesystem::path> cider_corpus;  ///< references
  eval::Resampling resampling;
  std::optional<std::string> clip_model;  ///< whose CLIP measures CLIPScore, too
  ModelOptions model_options{.note = log::info};
  int readers = 1;  ///< threads that read pictures

  bool json = false;                               ///< instead of the table
  std::optional<std::filesystem::path> per_image;  ///< JSON Lines
  std::optional<std::filesystem::path> html;
  std::filesystem::path images;  ///< folder of the pictures; empty: names are taken as they are
  int show = 24;                 ///< pictures at each end of the page
  bool quiet = false;
};

/// The arguments after `caption eval`. Throws Error(usage).
Parsed<EvalConfig> parse_eval(const std::vector<std::string>& arguments);

}  // namespace caption::cli
