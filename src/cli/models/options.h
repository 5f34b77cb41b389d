#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "caption/options.h"
#include "cli/models/fetch_options.h"
#include "cli/parsed.h"
#include "model/import_request.h"

namespace caption::cli {

/// `caption models ...`, complete and checked.
struct ModelsConfig {
  enum class Action { list, show, verify, optimize, import, fetch, export_, remove };
  Action action = Action::list;
  std::string name;                             ///< show, verify, optimize, export, remove: name or folder
  bool json = false;                            ///< list, show
  bool quiet = false;                           ///< optimize, import
  bool remove = false;                          ///< optimize: takes back what it made
  std::string archive;                          ///< import: a tar archive to unpack; may be empty
  std::optional<std::filesystem::path> output;  ///< export: the archive; "-" is standard output
  std::optional<std::filesystem::path> checkpoint;  ///< export: its captioner alone, for Python
  ModelOptions model_options;                   ///< optimize
  /// import: `folder` and `tokenizer` are empty if the defaults are meant.
  ImportRequest request;
  FetchConfig fetch;
};

/// The words that may follow `caption models`.
const std::vector<std::string>& model_actions();

/// The arguments after `caption models`. Throws Error(usage).
Parsed<ModelsConfig> parse_models(const std::vector<std::string>& arguments);

}  // namespace caption::cli
