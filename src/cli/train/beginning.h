#pragma once

#include <filesystem>
#include <string>

#include "cli/train/options.h"
#include "model/manifest.h"
#include "train/named_tensors.h"
#include "train/pictures.h"

namespace caption::cli {

/// Where a training begins: the parts, their weights and how they fit together.
struct Beginning {
  std::filesystem::path tokenizer;  ///< folder of the tokenizer's files
  Manifest manifest;                ///< as the result's will be
  NamedTensors weights;
};

/// The bundle to begin with: the model that is asked for, or one in the training's folder that is made of
/// published files if a training that is gone on with did not make it.
std::filesystem::path make_or_find_start(const TrainConfig& config);

/// The parts of the bundle in `folder`, and new ones for those that are asked for. Throws Error.
Beginning begin(const TrainConfig& config, const std::filesystem::path& folder, const Manifest& start,
                const Division& pictures);

/// What the result is called and where it comes from.
void name_result(const TrainConfig& config, const Division& pictures, const std::string& start,
                 Manifest& manifest);

}  // namespace caption::cli
