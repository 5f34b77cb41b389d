#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "caption/options.h"
#include "cli/parsed.h"
#include "train/schedule.h"
#include "train/start.h"
#include "train/training_engine.h"

namespace caption::cli {

/// Which parts begin with random weights.
struct NewParts {
  std::optional<MapperKind> mapper;           ///< nothing: the model's own goes on
  bool gpt2 = false;                          ///< and with it the mapper and the tokenizer
  std::optional<std::int64_t> prefix_length;  ///< of a new mapper
  NewMapper transformer;                      ///< clip_length and layers
  NewGpt2 sizes;                              ///< of a new GPT-2; its context follows from the rest
};

/// Weight files to begin with, instead of a model.
struct PublishedParts {
  std::optional<std::filesystem::path> clip;
  std::optional<std::filesystem::path> gpt2;
  std::optional<std::filesystem::path> tokenizer;  ///< folder; nothing: GPT-2's own
  std::optional<std::string> activation;           ///< CLIP's
};

/// `caption train [OPTION]... CAPTIONS --out FOLDER`, complete and checked.
struct TrainConfig {
  std::filesystem::path captions;
  std::filesystem::path images;  ///< folder; empty: the captions' own
  std::optional<std::filesystem::path> validation;
  std::optional<std::uint64_t> hold_out;            ///< pictures; nothing: as many as is usual
  std::optional<std::uint64_t> max_failures;        ///< missing or unreadable pictures; nothing: any number
  std::optional<std::filesystem::path> embeddings;  ///< folder; nothing: the training's own

  std::filesystem::path out;
  std::string model;  ///< name or folder; empty: the best that is installed, unless there are `files`
  PublishedParts files;
  NewParts parts;
  int max_tokens = 0;  ///< of a caption; 0: as many as the model's captions may have

  LearningOptions learning;
  Decay decay = Decay::linear;
  double learning_rate = 2e-5;
  std::optional<std::int64_t> warmup;  ///< updates; nothing: 5000, or a tenth of all if that is less
  std::int64_t epochs = 10;
  std::uint64_t batch = 40;
  std::uint64_t accumulate = 1;

  std::int64_t validate_every = 0;
  int patience = 0;
  int beam = 1;

  bool resume = false;
  std::int64_t checkpoint_every = 600;  ///< seconds
  std::optional<std::filesystem::path> log;
  ModelOptions model_options{.device = "cpu", .note = log::info};
  ImageOptions image;
  bool quiet = false;
};

/// The arguments after `caption train`. Throws Error(usage).
Parsed<TrainConfig> parse_train(const std::vector<std::string>& arguments);

}  // namespace caption::cli
