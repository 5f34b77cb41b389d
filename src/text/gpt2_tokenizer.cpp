#include <mutex>
#include <optional>
#include <utility>

#include "base/ascii_space.h"
#include "base/utf8.h"
#include "caption/error.h"
#include "text/byte_level_parts.h"
#include "text/file.h"
#include "text/gpt2_merges.h"
#include "text/pretokenize.h"
#include "text/tokenizer.h"

namespace caption {
namespace {

/// GPT-2's only special token; transformers' tokenizer recognises it in the text.
constexpr std::string_view kEndOfText = "<|endoftext|>";

AddedTokens end_of_text(const Gpt2Vocabulary& vocabulary) {
  for (std::int32_t id = vocabulary.size() - 1; id >= 0; --id) {
    if (vocabulary.bytes(id) == kEndOfText)
      return AddedTokens({{.id = id, .text = std::string(kEndOfText), .special = true}});
  }
  return {};
}

class Gpt2Tokenizer : public Tokenizer {
 public:
  explicit Gpt2Tokenizer(ByteLevelParts parts) : parts_(std::move(parts)) {}

  std::int32_t size() const override { return parts_.vocabulary.size(); }

  std::vector<std::int32_t> encode(std::string_view utf8) const override {
    require_utf8(utf8);
    const Gpt2Merges& merges = encoding_tables();
    std::vector<std::int32_t> ids;
    while (const auto found = parts_.added.first_in(utf8)) {
      encode_text(merges, utf8.substr(0, found->begin), ids);
      ids.push_back(found->token->id);
      utf8.remove_prefix(found->end);
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
    return {std::string(bytes), parts_.added.is_special(id)};
  }

 private:
  std::string_view bytes_of(std::int32_t id) const {
    if (id < 0 || id >= size()) {
      throw Error(ErrorKind::internal, "token id " + std::to_string(id) + " is not in [0, " +
                                           std::to_string(size()) + "), the vocabulary of " +
                                           parts_.vocabulary.path().string());
    }
    return parts_.vocabulary.bytes(id);
  }

  /// Captioning only decodes: the tables for encoding are built when someone first encodes.
  const Gpt2Merges& encoding_tables() const {
    const std::lock_guard lock(mutex_);
    if (!merges_) merges_.emplace(parts_.vocabulary, parts_.merges, parts_.merges_file);
    return *merges_;
  }

  void encode_text(const Gpt2Merges& merges, std::string_view text, std::vector<std::int32_t>& ids) const {
    std::string spaced;
    if (parts_.space_before && !text.empty() && kAsciiSpace.find(text[0]) == std::string_view::npos)
      text = spaced.append(" ").append(text);
    while (!text.empty()) {
      const std::size_t length = first_piece(text);
      merges.encode(text.substr(0, length), ids);
      text.remove_prefix(length);
    }
  }

  ByteLevelParts parts_;
  mutable std::mutex mutex_;
  mutable std::optional<Gpt2Merges> merges_;
};

}  // namespace

std::unique_ptr<Tokenizer> load_gpt2_tokenizer(const std::filesystem::path& vocabulary,
                                               const std::filesystem::path& merges) {
  ByteLevelParts parts{Gpt2Vocabulary::read(vocabulary), read_tokenizer_file(merges), merges, {}, false};
  parts.added = end_of_text(parts.vocabulary);
  return std::make_unique<Gpt2Tokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& file) {
  return std::make_unique<Gpt2Tokenizer>(read_tokenizer_json(file));
}

}  // namespace caption
