#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "base/progress.h"
#include "cli/train/options.h"
#include "cli/train/page.h"
#include "train/trainer.h"

namespace caption::cli {

/// Shows what happens in a training: on stderr, and as a page in the training's folder.
class Display {
 public:
  /// `done`: updates of the runs before.
  Display(const TrainConfig& config, const TrainingLog& log, PageFacts facts, std::int64_t done);

  TrainingObserver observer();
  /// The page says that it does not change any more.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  void updated(const UpdateRecord& record);
  void validated(const ValidationRecord& record);
  void draw();

  const TrainingLog& log_;
  PageFacts facts_;
  std::filesystem::path page_;
  Progress progress_;
  double smooth_ = 0;  ///< loss of about the last 20 updates
  Clock::time_point drawn_;
};

}  // namespace caption::cli
