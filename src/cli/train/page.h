#pragma once

#include <filesystem>
#include <string>

#include "train/checkpoint.h"
#include "train/training_log.h"

namespace caption::cli {

/// What the page of a training says beside what its log has.
struct PageFacts {
  std::string title;
  TrainingSettings settings;
  std::int64_t updates = 0;  ///< in all
  bool running = true;
};

/// Curves of loss and CIDEr-D, and captions as they changed: an HTML page.
std::string training_page(const TrainingLog& log, const PageFacts& facts);

}  // namespace caption::cli
