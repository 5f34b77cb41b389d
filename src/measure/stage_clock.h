#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "measure/report.h"
#include "kernels/machine_peaks.h"
#include "kernels/work.h"

namespace caption {

/// What an image goes through, in order.
enum class Stage { decode, resize, encode, map, prefill, step, search, write };
inline constexpr std::array<std::string_view, 8> kStageNames = {"decode",  "resize", "encode", "map",
                                                                "prefill", "step",   "search", "write"};

struct StageCost {
  double seconds = 0;
  Work work;
};
/// The costs of one round, by Stage.
using Round = std::array<StageCost, kStageNames.size()>;

/// Adds up time and work by stage. Like a chess clock, it runs for one stage at a time: that of the innermost
/// Turn that is alive.
class StageClock {
 public:
  class Turn {
   public:
    Turn(StageClock& clock, Stage stage) : clock_(clock), outer_(clock.switch_to(stage)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { clock_.switch_to(outer_); }

   private:
    StageClock& clock_;
    std::optional<Stage> outer_;
  };

  const Round& round() const { return round_; }

 private:
  /// Charges what has passed to the stage that was running, and returns that.
  std::optional<Stage> switch_to(std::optional<Stage> stage);

  Round round_{};
  std::optional<Stage> running_;
  std::chrono::steady_clock::time_point since_;
  Work work_since_;
};

/// Throws Error(internal) if there are no values.
Spread spread(std::vector<double> values);

/// The stages' part of a report on `rounds`, each of which took `images` images through. Work is the first
/// round's: it is the same in all.
void summarise(const std::vector<Round>& rounds, std::size_t images, const std::optional<MachinePeaks>& peaks,
               BenchmarkReport& report);

}  // namespace caption
