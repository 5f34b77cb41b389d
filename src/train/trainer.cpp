#include "train/trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "caption/error.h"

namespace caption {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSamples = 8;  // captions that a log shows of each validation

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string in_short(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g", value);
  return text.data();
}

}  // namespace

Trainer::Trainer(TrainingParts parts, const TrainingOptions& options, TrainingSettings settings,
                 TrainingProgress progress, TrainingObserver observer)
    : parts_(std::move(parts)),
      options_(options),
      settings_(std::move(settings)),
      progress_(progress),
      observer_(std::move(observer)),
      order_(parts_.examples.size(), options.batch, options.seed),
      saved_(progress.updates) {}

TrainingBatch Trainer::batch_of(const CaptionSet& set, const std::vector<Example>& examples,
                                std::span<const std::size_t> chosen) const {
  const std::int64_t width = set.embeddings.size(1);
  TrainingBatch batch{Tensor::empty({static_cast<std::int64_t>(chosen.size()), width}), {}};
  float* to = batch.embeddings.mutable_data();
  for (const std::size_t i : chosen) {
    const float* const from = set.embeddings.data() + static_cast<std::int64_t>(examples[i].picture) * width;
    to = std::copy(from, from + width, to);
    batch.captions.push_back(examples[i].tokens);
  }
  return batch;
}

UpdateRecord Trainer::update(std::int64_t number) {
  const Clock::time_point start = Clock::now();
  std::vector<std::size_t> chosen = order_.batch(number);
  // Captions of about the same length lie in one part, so that there is little padding.
  std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) {
    return parts_.examples[a].tokens.size() < parts_.examples[b].tokens.size();
  });
  std::vector<TrainingBatch> batches;
  const std::size_t each = (chosen.size() + options_.parts - 1) / options_.parts;
  for (std::size_t begin = 0; begin < chosen.size(); begin += each)
    batches.push_back(batch_of(parts_.pictures, parts_.examples,
                               std::span(chosen).subspan(begin, std::min(each, chosen.size() - begin))));
  const double rate = options_.rate.at(number);
  const UpdateResult result = parts_.engine.update(batches, number, rate);
  if (!std::isfinite(result.loss) || !std::isfinite(result.gradient_norm)) {
    throw Error(
        ErrorKind::model,
        "update " + std::to_string(number) + ": the loss is " + in_short(result.loss) +
            " and the gradient's length " + in_short(result.gradient_norm) +
            ": nothing more can be learnt from here. A lower learning rate, a longer warm-up or shorter "
            "gradients help; the checkpoint of update " +
            std::to_string(saved_) + " is kept");
  }
  return {number,      static_cast<double>(number) / static_cast<double>(order_.updates_per_epoch()),
          result.loss, result.gradient_norm,
          rate,        seconds_since(start)};
}

bool Trainer::validation_is_due() const {
  const std::int64_t every =
      options_.validate_every > 0 ? options_.validate_every : order_.updates_per_epoch();
  return progress_.updates % every == 0 || progress_.updates == options_.rate.updates;
}

double Trainer::validation_loss(const std::atomic<bool>& interrupted) {
  const std::vector<Example>& examples = parts_.validation_examples;
  std::vector<std::size_t> all(examples.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  double sum = 0;
  double tokens = 0;
  for (std::size_t begin = 0; begin < all.size() && !interrupted; begin += options_.batch) {
    const TrainingBatch batch =
        batch_of(parts_.validation, examples,
                 std::span(all).subspan(begin, std::min(options_.batch, all.size() - begin)));
    sum += parts_.engine.loss(batch);
    for (const auto& caption : batch.captions) tokens += static_cast<double>(caption.size());
  }
  return sum / tokens;
}

bool Trainer::validate(const std::atomic<bool>& interrupted) {
  ValidationRecord record{
      progress_.updates,
      static_cast<double>(progress_.updates) / static_cast<double>(order_.updates_per_epoch()),
      0,
      0,
      0,
      true,
      {}};
  const NamedTensors weights = parts_.engine.weights();
  if (parts_.validation.size() > 0) {
    record.loss = validation_loss(interrupted);
    const ValidationResult result = validate_captions(parts_.validation, weights, parts_.tokenizer,
                                                      parts_.captions, [&] { return interrupted.load(); });
    if (interrupted) return false;
    record.cider_d = result.cider_d;
    record.bleu_4 = result.bleu_4;
    for (std::size_t i = 0; i < std::min(kSamples, parts_.validation.size()); ++i)
      record.samples.push_back(
          {parts_.validation.names[i], result.captions[i], parts_.validation.captions[i][0]});
    // CIDEr-D is 0 for all where there are too few pictures; then the loss decides.
    record.best = progress_.best_update == 0 || record.cider_d > progress_.best_cider_d ||
                  (record.cider_d == progress_.best_cider_d && record.loss < progress_.best_loss);
  }
  progress_.validated = progress_.updates;
  if (record.best) {
    parts_.bundle.write(weights, progress_.updates);
    progress_.best_update = progress_.updates;
    progress_.best_cider_d = record.cider_d;
    progress_.best_loss = record.loss;
    progress_.without_gain = 0;
  } else {
    ++progress_.without_gain;
  }
  if (parts_.validation.size() > 0) {
    parts_.log.add(record);
    observer_.validated(record);
  }
  return true;
}

void Trainer::save() {
  write_checkpoint(parts_.checkpoint, {parts_.engine.state(), progress_, settings_});
  saved_ = progress_.updates;
}

void Trainer::run(const std::atomic<bool>& interrupted) {
  if (progress_.updates == 0) save();  // from now on it can be gone on with
  Clock::time_point last_save = Clock::now();
  while (!progress_.finished && !interrupted) {
    const bool waits = progress_.validated < progress_.updates && validation_is_due();
    if (!waits) {
      const UpdateRecord record = update(progress_.updates + 1);
      progress_.updates = record.number;
      parts_.log.add(record);
      observer_.updated(record);
    }
    if (validation_is_due() && !validate(interrupted)) break;
    const bool patient = options_.patience == 0 || progress_.without_gain < options_.patience;
    progress_.finished = progress_.updates == options_.rate.updates || !patient;
    if (progress_.finished || Clock::now() - last_save >= options_.checkpoint_every) {
      save();
      last_save = Clock::now();
    }
  }
  if (saved_ != progress_.updates) save();
}

}  // namespace caption
