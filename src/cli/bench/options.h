#pragma once

#include <string>
#include <vector>

#include "measure/report.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "inputs/input.h"

namespace caption::cli {

/// `caption bench [OPTION]... [IMAGE|DIR]...`, complete and checked.
struct BenchConfig {
  InputOptions inputs;  ///< no names: the example pictures
  std::string model;    ///< name or folder; empty: the best of what is installed
  ModelOptions model_options;
  BenchmarkOptions benchmark;
  bool json = false;  ///< instead of the table
  bool quiet = false;
};

/// The arguments after `caption bench`. Throws Error(usage).
Parsed<BenchConfig> parse_bench(const std::vector<std::string>& arguments);

}  // namespace caption::cli
