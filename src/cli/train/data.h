#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "cli/train/left_out.h"
#include "cli/train/options.h"
#include "model/manifest.h"
#include "train/pictures.h"

namespace caption::cli {

/// Reads the captions, finds their pictures and divides them: what is learnt, and what is not. Says on stderr
/// what is left out. Throws Error(usage) if nothing is left to learn.
Division read_training_pictures(const TrainConfig& config, LeftOutData& left_out);

/// Opens the store of embeddings and computes what is missing in it by the encoder of the bundle in `folder`.
/// What is left out is then in `left_out.jsonl` of the training's folder.
/// -> nothing if it was interrupted
std::unique_ptr<EmbeddingStore> compute_embeddings(const TrainConfig& config,
                                                   const std::filesystem::path& folder,
                                                   const Manifest& manifest, const Division& pictures,
                                                   LeftOutData& left_out);

}  // namespace caption::cli
