#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "pipeline/batch.h"

namespace caption::cli {

/// How requests come, and how many.
struct ServeOptions {
  bool from_stdin = false;  ///< as JSON Lines, instead of HTTP
  bool unordered = false;   ///< answers of JSON Lines
  std::string listen = "127.0.0.1:8080";
  std::optional<std::filesystem::path> token_file;
  std::vector<std::string> allow_hosts;       ///< in Host headers, beside this machine's
  std::optional<std::filesystem::path> root;  ///< the folder whose files requests may name
  int max_waiting = 256;                      ///< pictures
  double max_body = 20;                       ///< 10^6 bytes
  int max_connections = 4096;
  double deadline = 60;      ///< seconds
  double body_timeout = 10;  ///< likewise
  bool verbose = false;
  bool quiet = false;
};

/// `caption serve [OPTION]...`, complete and checked.
struct ServeConfig {
  std::string model;  ///< name or folder; empty: the best of what is installed
  ModelOptions model_options{.note = log::info};
  BatchOptions batch;
  ServeOptions serve;
};

/// The arguments after `caption serve`. Throws Error(usage).
Parsed<ServeConfig> parse_serve(const std::vector<std::string>& arguments);

}  // namespace caption::cli
