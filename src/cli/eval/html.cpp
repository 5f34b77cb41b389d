#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "caption/error.h"
#include "cli/eval/evaluation.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "cli/version.h"
#include "datasets/find_picture.h"
#include "image/drawings.h"
#include "inputs/read_input.h"
#include "pages/eval_page.h"

namespace caption::cli {
namespace {

namespace fs = std::filesystem;

/// Empty if there is none, or it cannot be read.
std::vector<std::byte> thumbnail_of(const fs::path& folder, const std::string& name, std::size_t& missing) {
  const std::optional<fs::path> file = find_picture(folder, name);
  if (!file) {
    ++missing;
    return {};
  }
  try {
    return encode_thumbnail_of(read_input({file->string(), file->string(), false}, interrupted), {},
                               kEvalThumbnail);
  } catch (const Error& error) {
    if (!concerns_one_image(error.kind())) throw;
    log::warning(printable(file->string() + ": " + error.what()));
    return {};
  }
}

std::vector<EvalPage::Row> rows(const Evaluation& evaluation) {
  std::vector<EvalPage::Row> rows;
  for (std::size_t i = 0; i < evaluation.metrics; ++i) {
    const eval::MetricName& name = eval::kMetricNames[i];
    const eval::Interval& interval = evaluation.first.intervals[i];
    EvalPage::Row row = {std::string(name.title),
                         format("%.4f", evaluation.first.metrics[i]),
                         format("%.4f to %.4f", interval.low, interval.high),
                         std::string(name.unit),
                         {}};
    if (evaluation.second) {
      const eval::Difference& difference = evaluation.differences->at(i);
      row.compared = {format("%.4f", evaluation.second->metrics[i]), format("%+.4f", difference.value),
                      format("%.4f", difference.p)};
    }
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

std::string evaluation_html(const EvalConfig& config, const Evaluation& evaluation) {
  const std::size_t count = evaluation.pairs.images.size();
  std::vector<double> values;
  for (const eval::Measured& picture : evaluation.first.pictures)
    values.push_back(eval::metrics(picture)[eval::kCiderD]);
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  EvalPage page{config.captions.string(),
                config.references.string(),
                config.compare ? config.compare->string() : "",
                count,
                rows(evaluation),
                {},
                {},
                program_version()};
  std::size_t missing = 0;
  const auto shown = [&](std::size_t picture) {
    const eval::Captions& captions = evaluation.pairs.captions[picture];
    const std::string& name = evaluation.pairs.images[picture];
    return EvalPage::Picture{name,
                             thumbnail_of(config.images, name, missing),
                             captions.candidate,
                             evaluation.second ? evaluation.pairs.others[picture] : "",
                             captions.references,
                             format("%.3f", values[picture])};
  };
  // The worst and the best are different pictures, even if there are few.
  const std::size_t each = std::min(static_cast<std::size_t>(config.show), (count + 1) / 2);
  for (std::size_t i = 0; i < each; ++i) page.worst.push_back(shown(order[i]));
  for (std::size_t i = 0; i < std::min(each, count - each); ++i)
    page.best.push_back(shown(order[count - 1 - i]));
  if (missing > 0) {
    const std::string where =
        config.images.empty() ? "the current folder" : "'" + config.images.string() + "'";
    log::warning(std::to_string(missing) + " of the page's pictures were not found in " + where +
                 ": --images names their folder");
  }
  return eval_page(page);
}

}  // namespace caption::cli
