#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/pair_merges.h"

namespace caption {

/// A text as CLIP's text encoder takes it.
struct ClipTokens {
  std::vector<std::int32_t> ids;  ///< <|startoftext|>, the text's, <|endoftext|>
  bool cut = false;               ///< the text had more, which are left out
};

/// CLIP's tokenizer: small letters, words and signs apart, byte-level BPE whose tokens know the end of a
/// word. All tokens follow from the list of merges: 256 bytes, the same at the end of a word, what each merge
/// makes, <|startoftext|> and <|endoftext|>. As Hugging Face's CLIPTokenizer; unlike OpenAI's own, it neither
/// repairs mojibake nor replaces HTML's entities. Safe to use from several threads.
class ClipTokenizer {
 public:
  /// `merges`: a pair in each line, the first merged first, with or without a "#version" line before them.
  /// Throws Error(model) naming the line.
  explicit ClipTokenizer(const std::filesystem::path& merges);

  std::int32_t size() const { return end() + 1; }  ///< 49,408 of the published one
  std::int32_t start() const { return end() - 1; }
  std::int32_t end() const { return end_; }

  /// At most `most` ids, at least 2; a longer text loses its end, but not <|endoftext|>. The two special
  /// tokens' names in a text are these tokens. Text that is not UTF-8 is an Error(usage) that tells where.
  ClipTokens encode(std::string_view utf8, std::size_t most) const;

 private:
  /// Of tokens as the file writes them.
  using Ids = std::unordered_map<std::string, std::int32_t>;

  void add(std::string_view line, Ids& ids);
  void encode_text(std::string_view text, std::vector<std::int32_t>& ids) const;
  void encode_piece(std::string_view piece, std::vector<std::int32_t>& ids) const;

  PairMerges merges_;
  std::int32_t byte_ids_[256] = {};
  std::int32_t end_ = 0;
};

}  // namespace caption
