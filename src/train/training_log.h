#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "files/output.h"

namespace caption {

/// What an update did.
struct UpdateRecord {
  std::int64_t number = 0;  ///< from 1 on
  double epoch = 0;         ///< passes over all captions after it: 0.25
  double loss = 0;          ///< mean negative log-likelihood of a token, in nats
  double gradient_norm = 0;
  double rate = 0;     ///< the learning rate
  double seconds = 0;  ///< that it took
};

/// How good the captioner was after an update, on pictures that it does not learn from.
struct ValidationRecord {
  struct Sample {
    std::string image;
    std::string caption;
    std::string reference;
  };
  std::int64_t number = 0;  ///< of the update
  double epoch = 0;
  double loss = 0;
  double cider_d = 0;
  double bleu_4 = 0;
  bool best = false;  ///< so far
  std::vector<Sample> samples;
};

/// All records of a training, in memory and, as JSON Lines, in a file that can be read at any time. Numbers
/// are written so that reading them gives the same bits.
class TrainingLog {
 public:
  /// The log in `file` up to the update `updates` and the validation of the update `validated`, without what
  /// came later; 0 keeps nothing. Throws Error(output).
  TrainingLog(const std::filesystem::path& file, std::int64_t updates, std::int64_t validated);

  void add(const UpdateRecord& record);
  void add(const ValidationRecord& record);

  const std::vector<UpdateRecord>& updates() const { return updates_; }
  const std::vector<ValidationRecord>& validations() const { return validations_; }

 private:
  /// -> whether the line is kept
  bool take(const std::string& line, std::int64_t updates, std::int64_t validated);

  Output output_;
  std::vector<UpdateRecord> updates_;
  std::vector<ValidationRecord> validations_;
};

}  // namespace caption
