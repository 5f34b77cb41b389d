#include <string>

#include "base/shared_library.h"
#include "caption/error.h"
#include "text/sentencepiece_library.h"
#include "text/tokenizer.h"

namespace caption {
namespace {

const SentencepieceLibrary* open_library() {
  std::string reason;
  const SentencepieceLibrary* const library = from_library<decltype(&caption_sentencepiece_library)>(
      library_path("libcaption_sentencepiece.so"), "caption_sentencepiece_library", reason);
  if (library != nullptr) return library;
  throw Error(ErrorKind::internal, "cannot load the part for sentencepiece's tokenizers: " + reason +
                                       "; the installation is incomplete: build and install caption again");
}

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model) {
  static const SentencepieceLibrary* const library = open_library();
  return library->load(model);
}

}  // namespace caption
