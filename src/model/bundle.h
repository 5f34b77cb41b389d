#pragma once

#include <filesystem>
#include <memory>

#include "gpt2/gpt2.h"
#include "layers/compute.h"
#include "mapper/mapper.h"
#include "model/manifest.h"
#include "text/tokenizer.h"
#include "vision/encoder.h"

namespace caption {

/// A model, loaded: the modules that belong together.
struct Bundle {
  Manifest manifest;
  std::unique_ptr<ImageEncoder> encoder;  ///< [B, 3, R, R] -> [B, D]
  std::unique_ptr<Mapper> mapper;         ///< [B, D] -> [B, P, E]
  std::unique_ptr<Gpt2> gpt2;             ///< [B, P, E] -> logits
  std::unique_ptr<Tokenizer> tokenizer;   ///< ids -> text
};

/// Number of the bundle's weights, without reading them. Throws Error(model).
std::int64_t count_weights(const std::filesystem::path& folder);

/// Loads the bundle in `folder`. Every tensor of every file must be known, present and of the right shape,
/// the parts must fit each other, and model.json must say what the files say. File sizes are checked; for
/// hashes see verify_files. Matrices that pack_bundle has kept are used if they are of these files. Throws
/// Error(model).
Bundle load_bundle(const std::filesystem::path& folder, const Compute& compute);

}  // namespace caption
