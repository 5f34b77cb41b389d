#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace caption {

/// What stands beside a CLIP's weights and is not in them.
struct ClipConfig {
  std::optional<std::string> activation;  ///< "quick_gelu", "gelu" or "gelu_tanh"
  std::optional<std::int64_t> resolution;
  std::optional<std::string> fit;       ///< "crop" or "stretch"
  std::optional<std::string> resample;  ///< "bicubic" or "bilinear"
  std::optional<std::array<double, 3>> mean;
  std::optional<std::array<double, 3>> std;
  std::optional<std::string> text_activation;  ///< of the text side
  std::string text_problem;                    ///< why the text side cannot be used, or empty
};

/// Reads config.json and preprocessor_config.json (Hugging Face's CLIP or SigLIP), open_clip_config.json
/// beside `weights`, or in it if it is a folder; says so. What is not there is left out;
/// files of other models are passed over. Throws Error(model) that names the field if pictures are to be
/// prepared in a way that is not supported, or if the encoder is not one of the known kinds.
ClipConfig read_clip_config(const std::filesystem::path& weights);

}  // namespace caption
