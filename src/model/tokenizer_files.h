#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "model/manifest.h"
#include "text/tokenizer.h"

namespace caption {

/// A tokenizer among files of others.
struct TokenizerSource {
  Manifest::TokenizerFiles files;                        ///< as a bundle will have it
  std::map<std::string, std::filesystem::path> sources;  ///< of each file of the bundle
  std::string end;  ///< the token that ends texts, as a configuration beside it says; empty: none does
};

/// The tokenizer that `place` is, or that lies in that folder: a sentencepiece model (spiece.model,
/// tokenizer.model, sentencepiece.bpe.model), tokenizer.json, vocab.json with merges.txt, or encoder.json
/// with vocab.bpe; the first of them that is there. With tokenizer_config.json beside it, which may say that
/// it takes small letters. Nothing if there is none. Throws Error(model) for a configuration that is no JSON.
std::optional<TokenizerSource> find_tokenizer(const std::filesystem::path& place);

/// The tokenizer of these files, each of which is at place(name). Throws Error(model).
std::unique_ptr<Tokenizer> load_tokenizer(
    const Manifest::TokenizerFiles& files,
    const std::function<std::filesystem::path(const std::string& name)>& place);

}  // namespace caption
