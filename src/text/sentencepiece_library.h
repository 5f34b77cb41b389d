#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "caption/api.h"
#include "text/tokenizer.h"

namespace caption {

/// What needs sentencepiece, as a table of functions: it lives in a shared library of its own, as opening
/// sentencepiece's doubles the time of a start, and most models need none.
struct SentencepieceLibrary {
  std::unique_ptr<Tokenizer> (*load)(const std::filesystem::path& model);  ///< load_sentencepiece_tokenizer
  std::string (*train)(const std::vector<std::string>& texts, std::int32_t size);  ///< train_sentencepiece
};

}  // namespace caption

/// The library's one entry point.
extern "C" CAPTION_API const caption::SentencepieceLibrary* caption_sentencepiece_library();
