#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "train/start.h"

namespace caption {

/// Published files that a training begins with, where there is no model of them yet.
struct StartParts {
  std::filesystem::path clip;  ///< the encoder's weights, as `caption models import` takes them
  std::optional<std::filesystem::path> gpt2;  ///< weights; nothing: new ones of new_gpt2
  std::filesystem::path tokenizer;            ///< as of ImportRequest
  std::filesystem::path usual_tokenizer;      ///< likewise
  std::filesystem::path merges;               ///< of CLIP's tokenizer, for its text side
  std::optional<std::string> activation;  ///< "quick_gelu", "gelu" or "gelu_tanh"; needed where no file tells
  NewMapper mapper;
  NewGpt2 new_gpt2;
  std::uint64_t seed = 0;
  std::filesystem::path published;  ///< models/published.json
};

/// Makes a bundle of the parts and of a new mapper, in `folder`, which must not exist. Throws Error(model)
/// where a file is not what it should be, Error(output).
void make_start(const StartParts& parts, const std::filesystem::path& folder);

}  // namespace caption
