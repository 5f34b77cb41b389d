#pragma once

#include <string>
#include <vector>

#include "caption/options.h"
#include "cli/models/fetch_options.h"
#include "cli/parsed.h"
#include "model/import_request.h"

namespace caption::cli {

/// `caption models ...`, complete and checked.
struct ModelsConfig {
  enum class Action { list, show, verify, optimize, import, fetch };
  Action action = Action::list;
  std::string name;            ///< show, verify, optimize: name or folder
  bool json = false;           ///< list, show
  bool quiet = false;          ///< optimize, import
  bool remove = false;         ///< optimize
  ModelOptions model_options;  ///< optimize
  /// import: `folder` and `tokenizer` are empty if the defaults are meant.
  ImportRequest request;
  FetchConfig fetch;
};

/// The words that may follow `caption models`.
const std::vector<std::string>& model_actions();

/// The arguments after `caption models`. Throws Error(usage).
Parsed<ModelsConfig> parse_models(const std::vector<std::string>& arguments);

}  // namespace caption::cli
