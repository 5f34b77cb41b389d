#include "measure/stage_clock.h"

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

constexpr double kMilli = 1e3;
constexpr double kGiga = 1e9;

double seconds_of(const Round& round, std::initializer_list<Stage> stages) {
  double sum = 0;
  for (const Stage stage : stages) sum += round[static_cast<std::size_t>(stage)].seconds;
  return sum;
}

/// Milliseconds per image over all rounds, of what `seconds` takes from a round.
template <typename Seconds>
Spread ms_per_image(const std::vector<Round>& rounds, std::size_t images, const Seconds& seconds) {
  std::vector<double> times;
  for (const Round& round : rounds) times.push_back(kMilli * seconds(round) / static_cast<double>(images));
  return spread(std::move(times));
}

/// `work` of one image, done in `seconds`.
std::optional<StageWork> describe(const Work& work, double images, double seconds,
                                  const std::optional<MachinePeaks>& peaks) {
  const auto operations =
      static_cast<double>(std::accumulate(work.operations.begin(), work.operations.end(), std::int64_t{0}));
  if (operations == 0) return std::nullopt;
  StageWork result;
  result.bytes = static_cast<double>(work.bytes) / images;
  result.flops = operations / images;
  result.gb_per_s = result.bytes / seconds / kGiga;
  result.gflop_per_s = result.flops / seconds / kGiga;
  if (!peaks) return result;
  result.share_of_memory = result.bytes / seconds / peaks->bytes_per_second;
  double least_seconds = 0;
  for (std::size_t i = 0; i < kArithmetics; ++i) {
    if (work.operations[i] == 0) continue;
    if (peaks->operations_per_second[i] == 0) return result;
    least_seconds += static_cast<double>(work.operations[i]) / images / peaks->operations_per_second[i];
  }
  result.share_of_arithmetic = least_seconds / seconds;
  return result;
}

}  // namespace

std::optional<Stage> StageClock::switch_to(std::optional<Stage> stage) {
  const auto now = std::chrono::steady_clock::now();
  const Work work = work_so_far();
  if (running_) {
    StageCost& cost = round_[static_cast<std::size_t>(*running_)];
    cost.seconds += std::chrono::duration<double>(now - since_).count();
    cost.work += work - work_since_;
  }
  since_ = now;
  work_since_ = work;
  return std::exchange(running_, stage);
}

Spread spread(std::vector<double> values) {
  if (values.empty()) throw Error(ErrorKind::internal, "a spread of no values");
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

void summarise(const std::vector<Round>& rounds, std::size_t images, const std::optional<MachinePeaks>& peaks,
               BenchmarkReport& report) {
  report.stages.clear();
  for (std::size_t i = 0; i < kStageNames.size(); ++i) {
    const Spread time = ms_per_image(rounds, images, [&](const Round& round) { return round[i].seconds; });
    report.stages.push_back(
        {std::string(kStageNames[i]), time,
         describe(rounds[0][i].work, static_cast<double>(images), time.median / kMilli, peaks)});
  }
  report.caption_ms_per_image = ms_per_image(rounds, images, [](const Round& round) {
    return seconds_of(round, {Stage::encode, Stage::map, Stage::prefill, Stage::step, Stage::search});
  });
  report.ms_per_image = ms_per_image(rounds, images, [](const Round& round) {
    return std::accumulate(round.begin(), round.end(), 0.0,
                           [](double sum, const StageCost& cost) { return sum + cost.seconds; });
  });
  if (!peaks) return;
  const auto rate = [&](Arithmetic type) {
    return peaks->operations_per_second[static_cast<std::size_t>(type)] / kGiga;
  };
  report.peaks = {peaks->bytes_per_second / kGiga, rate(Arithmetic::fp32), rate(Arithmetic::bf16),
                  rate(Arithmetic::int8)};
}

}  // namespace caption
