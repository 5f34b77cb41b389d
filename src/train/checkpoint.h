#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "train/training_engine.h"

namespace caption {

/// How far a training is.
struct TrainingProgress {
  std::int64_t updates = 0;
  std::int64_t validated = 0;    ///< the update of the last validation
  std::int64_t best_update = 0;  ///< the one with the best validation; 0: there was none
  double best_cider_d = 0;
  double best_loss = 0;
  int without_gain = 0;  ///< validations since then
  bool finished = false;
};

/// What the result depends on, by the words of a person: "learning rate" -> "2e-05".
using TrainingSettings = std::map<std::string, std::string>;

struct Checkpoint {
  LearningState state;
  TrainingProgress progress;
  TrainingSettings settings;
};

/// As one safetensors file, which is replaced as a whole. Throws Error(output); then the one before is as it
/// was.
void write_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint);
/// Throws Error(model) for a file that is none.
Checkpoint read_checkpoint(const std::filesystem::path& file);

/// Throws Error(usage) that names what differs.
void require_same_settings(const TrainingSettings& before, const TrainingSettings& now);

}  // namespace caption
