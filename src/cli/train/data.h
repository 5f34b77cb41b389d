#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "cli/train/options.h"
#include "model/manifest.h"
#include "train/pictures.h"

namespace caption::cli {

/// Reads the captions, finds their pictures and divides them: what is learnt, and what is not. Says on stderr
/// what is left out. Throws Error(usage) if nothing is left to learn.
Division read_training_pictures(const TrainConfig& config);

/// Opens the store of embeddings and computes what is missing in it by the encoder of the bundle in `folder`.
/// -> nothing if it was interrupted
std::unique_ptr<EmbeddingStore> compute_embeddings(const TrainConfig& config,
                                                   const std::filesystem::path& folder,
                                                   const Manifest& manifest, const Division& pictures);

}  // namespace caption::cli
