#pragma once

#include <filesystem>
#include <string>

#include "text/added_tokens.h"
#include "text/gpt2_vocabulary.h"

namespace caption {

/// What a byte-level BPE is made of.
struct ByteLevelParts {
  Gpt2Vocabulary vocabulary;
  std::string merges;                 ///< as Gpt2Merges takes them
  std::filesystem::path merges_file;  ///< for messages
  AddedTokens added;
  bool space_before = false;  ///< a text that begins with no white space is given a space to begin with
};

/// Of tokenizer.json. Throws Error(model) for a tokenizer of another kind, and one that does more to a text
/// than a byte-level BPE does.
ByteLevelParts read_tokenizer_json(const std::filesystem::path& file);

}  // namespace caption
