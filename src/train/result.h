#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "model/manifest.h"
#include "train/training_engine.h"

namespace caption {

/// The bundle that a training makes: the encoder and the tokenizer that it began with, and the captioner that
/// it has learnt, which is replaced whenever a better one is there.
class TrainedBundle {
 public:
  /// `manifest` describes the bundle in `start`, but for the captioner's files, name and origin.
  /// `tokenizer` is where its tokenizer's files are.
  TrainedBundle(std::filesystem::path folder, std::filesystem::path start, std::filesystem::path tokenizer,
                Manifest manifest);

  /// Under model.json is what was there, or all of the new one. Throws Error(output).
  void write(const NamedTensors& weights, std::int64_t update);

 private:
  void link(const std::filesystem::path& from, const std::string& name) const;
  void remove_others(const std::string& kept) const;

  std::filesystem::path folder_;
  std::filesystem::path start_;
  std::filesystem::path tokenizer_;
  Manifest manifest_;
};

}  // namespace caption
