#include "base/shared_library.h"
#include "text/sentencepiece_library.h"
#include "text/tokenizer.h"

namespace caption {

namespace {

const SentencepieceLibrary& library() {
  static const SentencepieceLibrary& opened = from_module<decltype(&caption_sentencepiece_library)>(
      "libcaption_sentencepiece.so", "caption_sentencepiece_library", "sentencepiece's tokenizers");
  return opened;
}

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model) {
  return library().load(model);
}

std::string train_sentencepiece(const std::vector<std::string>& texts, std::int32_t size) {
  return library().train(texts, size);
}

}  // namespace caption
