#include "base/shared_library.h"
#include "text/sentencepiece_library.h"
#include "text/tokenizer.h"

namespace caption {

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model) {
  static const SentencepieceLibrary& library = from_module<decltype(&caption_sentencepiece_library)>(
      "libcaption_sentencepiece.so", "caption_sentencepiece_library", "sentencepiece's tokenizers");
  return library.load(model);
}

}  // namespace caption
