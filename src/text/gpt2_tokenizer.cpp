#include <mutex>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "caption/error.h"
#include "text/file.h"
#include "text/gpt2_merges.h"
#include "text/gpt2_vocabulary.h"
#include "text/pretokenize.h"
#include "text/tokenizer.h"

namespace caption {
namespace {

/// GPT-2's only special token; transformers' tokenizer recognises it in the text.
constexpr std::string_view kEndOfText = "<|endoftext|>";

class Gpt2Tokenizer : public Tokenizer {
 public:
  Gpt2Tokenizer(const std::filesystem::path& vocabulary, std::filesystem::path merges)
      : vocabulary_(vocabulary),
        merges_path_(std::move(merges)),
        merges_text_(read_tokenizer_file(merges_path_)) {}

  std::int32_t size() const override { return vocabulary_.size(); }

  std::vector<std::int32_t> encode(std::string_view utf8) const override {
    require_utf8(utf8);
    const Gpt2Merges& merges = encoding_tables();
    std::vector<std::int32_t> ids;
    const std::int32_t end_of_text = merges.find(kEndOfText);
    while (end_of_text >= 0) {
      const std::size_t at = utf8.find(kEndOfText);
      if (at == std::string_view::npos) break;
      encode_text(merges, utf8.substr(0, at), ids);
      ids.push_back(end_of_text);
      utf8.remove_prefix(at + kEndOfText.size());
    }
    encode_text(merges, utf8, ids);
    return ids;
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string bytes;
    for (const std::int32_t id : ids) bytes += bytes_of(id);
    return replace_invalid_utf8(std::move(bytes));
  }

  Piece piece(std::int32_t id) const override {
    const std::string_view bytes = bytes_of(id);
    return {std::string(bytes), bytes == kEndOfText};
  }

 private:
  std::string_view bytes_of(std::int32_t id) const {
    if (id < 0 || id >= size()) {
      throw Error(ErrorKind::internal, "token id " + std::to_string(id) + " is not in [0, " +
                                           std::to_string(size()) + "), the vocabulary of " +
                                           vocabulary_.path().string());
    }
    return vocabulary_.bytes(id);
  }

  /// Captioning only decodes: the tables for encoding are built when someone first encodes.
  const Gpt2Merges& encoding_tables() const {
    const std::lock_guard lock(mutex_);
    if (!merges_) merges_.emplace(vocabulary_, merges_text_, merges_path_);
    return *merges_;
  }

  static void encode_text(const Gpt2Merges& merges, std::string_view text, std::vector<std::int32_t>& ids) {
    while (!text.empty()) {
      const std::size_t length = first_piece(text);
      merges.encode(text.substr(0, length), ids);
      text.remove_prefix(length);
    }
  }

  Gpt2Vocabulary vocabulary_;
  std::filesystem::path merges_path_;
  std::string merges_text_;
  mutable std::mutex mutex_;
  mutable std::optional<Gpt2Merges> merges_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_gpt2_tokenizer(const std::filesystem::path& vocabulary,
                                               const std::filesystem::path& merges) {
  return std::make_unique<Gpt2Tokenizer>(vocabulary, merges);
}

}  // namespace caption
