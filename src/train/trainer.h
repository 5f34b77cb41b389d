#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "train/caption_set.h"
#include "train/checkpoint.h"
#include "train/result.h"
#include "train/schedule.h"
#include "train/training_engine.h"
#include "train/training_log.h"
#include "train/validation.h"

namespace caption {

/// The course of a training.
struct TrainingOptions {
  std::size_t batch = 40;  ///< examples of an update
  std::size_t parts = 1;   ///< in which an update's examples are computed, one after the other
  RateSchedule rate;       ///< `updates` is the number of all updates
  std::uint64_t seed = 0;
  std::int64_t validate_every = 0;  ///< updates; 0: after each epoch
  int patience = 0;                 ///< validations without gain that end it; 0: it goes on to the end
  std::chrono::seconds checkpoint_every{600};
};

/// What a training works on. All of it must outlive the trainer.
struct TrainingParts {
  TrainingEngine& engine;
  const CaptionSet& pictures;
  const std::vector<Example>& examples;
  const CaptionSet& validation;  ///< may be empty
  const std::vector<Example>& validation_examples;
  const Tokenizer& tokenizer;
  ValidationOptions captions;  ///< how they are written for validation
  TrainingLog& log;
  TrainedBundle& bundle;
  std::filesystem::path checkpoint;
};

/// Told of each update, and of each validation.
struct TrainingObserver {
  std::function<void(const UpdateRecord&)> updated;
  std::function<void(const ValidationRecord&)> validated;
};

/// Runs a training, from its beginning or from a checkpoint on: with the same settings, the same examples
/// and, on the CPU, the same number of threads, one that was ended at any moment and gone on with makes the
/// same updates as one that was not, bit for bit.
class Trainer {
 public:
  Trainer(TrainingParts parts, const TrainingOptions& options, TrainingSettings settings,
          TrainingProgress progress, TrainingObserver observer);

  /// Until the end, or soon after `interrupted` becomes true: then what was learnt is in the checkpoint.
  /// Throws Error(model) if the loss is no number any more; the last checkpoint and the best captioner stay.
  void run(const std::atomic<bool>& interrupted);

  const TrainingProgress& progress() const { return progress_; }

 private:
  UpdateRecord update(std::int64_t number);
  TrainingBatch batch_of(const CaptionSet& set, const std::vector<Example>& examples,
                         std::span<const std::size_t> chosen) const;
  bool validation_is_due() const;
  /// -> false if it was interrupted
  bool validate(const std::atomic<bool>& interrupted);
  double validation_loss(const std::atomic<bool>& interrupted);
  void save();

  TrainingParts parts_;
  TrainingOptions options_;
  TrainingSettings settings_;
  TrainingProgress progress_;
  TrainingObserver observer_;
  BatchOrder order_;
  std::int64_t saved_ = 0;  // the update of the last checkpoint
};

}  // namespace caption
