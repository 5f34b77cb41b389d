#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/eval/options.h"
#include "cli/eval/pairs.h"
#include "eval/metrics.h"
#include "eval/statistics.h"

namespace caption::cli {

/// One file's values.
struct EvaluatedFile {
  std::vector<eval::Measured> pictures;
  eval::Metrics metrics{};
  std::array<eval::Interval, eval::kMetrics> intervals{};
};

/// All that `caption eval` has found.
struct Evaluation {
  Pairs pairs;
  std::size_t metrics = eval::kTextMetrics;  ///< how many of them there are
  EvaluatedFile first;
  std::optional<EvaluatedFile> second;                                      ///< of --compare
  std::optional<std::array<eval::Difference, eval::kMetrics>> differences;  ///< second less first
};

/// The table for a terminal.
std::string evaluation_table(const EvalConfig& config, const Evaluation& evaluation);

/// scripts/schema/eval.schema.json, with the line's end.
std::string evaluation_json(const EvalConfig& config, const Evaluation& evaluation);

/// A line of --per-image.
std::string image_json(const Evaluation& evaluation, std::size_t picture);

/// The page of --html.
std::string evaluation_html(const EvalConfig& config, const Evaluation& evaluation);

}  // namespace caption::cli
