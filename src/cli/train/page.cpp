#include "cli/train/page.h"

#include <algorithm>
#include <vector>

#include "cli/table.h"
#include "cli/version.h"
#include "pages/train_page.h"

namespace caption::cli {
namespace {

constexpr std::size_t kMostPoints = 400;
constexpr std::size_t kMostCaptions = 12;  // of one picture

/// Means of neighbouring updates, so that no curve has more points than a screen.
std::vector<TrainPage::Point> learning_curve(const std::vector<UpdateRecord>& updates) {
  const std::size_t each = std::max<std::size_t>((updates.size() + kMostPoints - 1) / kMostPoints, 1);
  std::vector<TrainPage::Point> points;
  for (std::size_t begin = 0; begin < updates.size(); begin += each) {
    const std::size_t end = std::min(begin + each, updates.size());
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += updates[i].loss;
    points.push_back({static_cast<double>(updates[end - 1].number), sum / static_cast<double>(end - begin)});
  }
  return points;
}

TrainPage::Curve curve_of(const std::string& name, const std::vector<ValidationRecord>& validations,
                          double ValidationRecord::*value) {
  TrainPage::Curve curve{name, {}};
  for (const ValidationRecord& validation : validations)
    curve.points.push_back({static_cast<double>(validation.number), validation.*value});
  return curve;
}

/// The pictures of the validations, and what was said of each; where it says the same again, once.
std::vector<TrainPage::Sample> samples_of(const std::vector<ValidationRecord>& validations) {
  std::vector<TrainPage::Sample> samples;
  if (validations.empty()) return samples;
  for (std::size_t i = 0; i < validations.back().samples.size(); ++i) {
    const ValidationRecord::Sample& latest = validations.back().samples[i];
    TrainPage::Sample sample{latest.image, latest.reference, {}};
    for (auto validation = validations.rbegin();
         validation != validations.rend() && sample.captions.size() < kMostCaptions; ++validation) {
      const std::string& caption = validation->samples.at(i).caption;
      const std::string update = std::to_string(validation->number);
      if (!sample.captions.empty() && sample.captions.back().second == caption) {
        sample.captions.back().first = update;  // since then
      } else {
        sample.captions.emplace_back(update, caption);
      }
    }
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace

std::string training_page(const TrainingLog& log, const PageFacts& facts) {
  TrainPage page{.title = facts.title,
                 .state = {},
                 .settings = {facts.settings.begin(), facts.settings.end()},
                 .charts = {},
                 .samples = samples_of(log.validations()),
                 .running = facts.running,
                 .program = program_version()};
  const std::int64_t done = log.updates().empty() ? 0 : log.updates().back().number;
  page.state = "update " + std::to_string(done) + " of " + std::to_string(facts.updates) +
               (log.updates().empty() ? "" : format(", epoch %.2f", log.updates().back().epoch)) +
               (facts.running ? "" : "; it has ended");
  TrainPage::Chart loss{"Loss of a token, in nats", {{"learnt", learning_curve(log.updates())}}};
  if (!log.validations().empty()) {
    loss.curves.push_back(curve_of("not learnt", log.validations(), &ValidationRecord::loss));
    page.charts = {std::move(loss),
                   {"CIDEr-D", {curve_of("not learnt", log.validations(), &ValidationRecord::cider_d)}}};
  } else {
    page.charts = {std::move(loss)};
  }
  return train_page(page);
}

}  // namespace caption::cli
