#pragma once

#include "gpt2/sizes.h"
#include "model/import_request.h"
#include "model/manifest.h"
#include "model/tokenizer_files.h"

namespace caption {

/// What stands around an import's GPT-2.
struct LanguageSource {
  TokenizerSource tokenizer;
  Gpt2Choices choices;
  bool tied = true;         ///< nothing says that the output layer is another matrix than the embeddings'
  bool configured = false;  ///< a configuration said the two above
  Manifest::Stop stop;
};

/// Reads the tokenizer that is asked for, or lies beside GPT-2's weights, or else is the usual one; the
/// configuration beside the weights; and what ends captions. Throws Error(model), and Error(usage) for what
/// was asked for and cannot be.
LanguageSource find_language(const ImportRequest& request);

}  // namespace caption
