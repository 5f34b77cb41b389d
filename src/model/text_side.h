#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "layers/cpu.h"
#include "model/clip_config.h"
#include "model/manifest.h"
#include "text/clip_tokenizer.h"
#include "text_encoder/encoder.h"

namespace caption {

/// CLIP's text side, on the CPU.
struct TextSide {
  ClipTokenizer tokenizer;
  TextEncoder<Tensor> encoder;
};

/// Of the bundle in `folder`, of which `manifest` was read, with the matrices that optimize_bundle has kept,
/// if they are of these files. Throws Error(usage) that says what to do if the model has none, Error(model)
/// if its files say something else than model.json.
std::unique_ptr<TextSide> load_text_side(const std::filesystem::path& folder, const Manifest& manifest,
                                         const CpuCompute& compute);

/// What an import has found.
struct FoundText {
  std::optional<Manifest::Text> text;  ///< but for the file's name in the bundle
  std::filesystem::path merges;        ///< where that file is
  std::string problem;                 ///< why the text side of a CLIP that has one cannot be used, or empty
};

/// What is needed to find the text side of a CLIP that is imported.
struct TextRequest {
  std::filesystem::path clip;    ///< as of ImportRequest
  std::filesystem::path merges;  ///< the published ones
  std::string activation;        ///< the image encoder's, or empty
  std::int64_t embedding = 0;    ///< D of the image encoder
  ClipConfig config;
};

/// Nothing but a problem for a text side that is not CLIP's, and nothing at all where there is none.
FoundText find_text_side(const TextRequest& request);

}  // namespace caption
