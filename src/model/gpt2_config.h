#pragma once

#include <filesystem>
#include <optional>

#include "gpt2/sizes.h"

namespace caption {

/// What the configuration beside a GPT-2's weights says, which they do not tell.
struct Gpt2Config {
  Gpt2Choices choices;
  bool tied = true;  ///< the output layer is the table of the tokens' embeddings
};

/// Of the folder `weights`, or of that which the file `weights` lies in: config.json as Hugging Face's
/// GPT2LMHeadModel has it; nothing if there is none of a GPT-2. Throws Error(model) for a GPT-2 that
/// calculates in another way than OpenAI's.
std::optional<Gpt2Config> read_gpt2_config(const std::filesystem::path& weights);

}  // namespace caption
