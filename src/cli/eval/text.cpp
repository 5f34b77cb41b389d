#include <cstddef>
#include <utility>
#include <vector>

#include "cli/eval/evaluation.h"
#include "cli/table.h"

namespace caption::cli {
namespace {

using Line = std::vector<std::string>;

std::string value(double number) {
  return format("%.4f", number);
}

std::string range(const eval::Interval& interval) {
  return format("%.4f to %.4f", interval.low, interval.high);
}

Line single(const Evaluation& evaluation, std::size_t metric) {
  const eval::MetricName& name = eval::kMetricNames[metric];
  return {std::string(name.title), value(evaluation.first.metrics[metric]),
          range(evaluation.first.intervals[metric]), std::string(name.unit)};
}

Line compared(const Evaluation& evaluation, std::size_t metric) {
  const eval::MetricName& name = eval::kMetricNames[metric];
  const eval::Difference& difference = evaluation.differences->at(metric);
  return {std::string(name.title),
          value(evaluation.first.metrics[metric]),
          value(evaluation.second->metrics[metric]),
          format("%+.4f", difference.value),
          format("%+.4f to %+.4f", difference.interval.low, difference.interval.high),
          format("%.4f", difference.p),
          std::to_string(difference.better),
          std::to_string(difference.worse)};
}

}  // namespace

std::string evaluation_table(const EvalConfig& config, const Evaluation& evaluation) {
  const std::size_t count = evaluation.pairs.images.size();
  std::string text = std::to_string(count) + (count == 1 ? " picture" : " pictures");
  text += config.meteor_data ? "\n\n" : ", METEOR without synonyms and paraphrases\n\n";
  std::vector<Line> lines;
  for (std::size_t i = 0; i < evaluation.metrics; ++i)
    lines.push_back(evaluation.second ? compared(evaluation, i) : single(evaluation, i));
  if (!evaluation.second)
    return text + aligned({{"metric"}, {"value", true}, {"95 % interval", true}, {"unit"}}, std::move(lines));
  text += "first: " + config.captions.string() + "\nsecond: " + config.compare->string() + "\n\n";
  return text + aligned({{"metric"},
                         {"first", true},
                         {"second", true},
                         {"difference", true},
                         {"95 % interval", true},
                         {"p", true},
                         {"better", true},
                         {"worse", true}},
                        std::move(lines));
}

}  // namespace caption::cli
