#pragma once

#include <string>

#include "caption/options.h"
#include "cli/flag.h"

namespace caption::cli {

/// --model, of every command that runs one. `Config` has it as `model`, empty for the best that is installed.
template <typename Config>
Flags<Config> model_name_flags() {
  return {name("--model", &Config::model, "NAME",
               "A model's name (see 'caption models list') or its folder [default conceptual if it is "
               "installed, else photographs]")
              .completed_by({Completion::Kind::models, {}})};
}

/// How a model is loaded: --device, --precision and --threads. A command may take a few of them.
Flags<ModelOptions> model_flags();

/// As --precision takes it.
std::string precision_name(Precision precision);

/// How pictures are read: --max-megapixels, --truncated and their like.
Flags<ImageOptions> image_flags();

}  // namespace caption::cli
