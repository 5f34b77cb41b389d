#pragma once

#include <string>

#include "measure/report.h"

namespace caption::cli {

/// The report as lines for a terminal.
std::string benchmark_table(const BenchmarkRequest& request, const BenchmarkReport& report);

/// The object of --json, a line: scripts/schema/bench.schema.json. Always valid UTF-8.
std::string benchmark_json(const BenchmarkRequest& request, const BenchmarkReport& report);

}  // namespace caption::cli
