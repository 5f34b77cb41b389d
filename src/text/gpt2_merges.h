#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/gpt2_vocabulary.h"
#include "text/pair_merges.h"

namespace caption {

/// What encoding needs: which pairs of tokens merge, and in which order.
class Gpt2Merges {
 public:
  /// `text` is the content of vocab.bpe (merges.txt): a pair in each line, the first merged first, with or
  /// without a
  /// "#version" line before them. `path` is for messages. Throws Error(model) naming the line, or the byte
  /// that is no token of `vocabulary`.
  Gpt2Merges(const Gpt2Vocabulary& vocabulary, std::string_view text, const std::filesystem::path& path);

  /// Appends the tokens of one piece. Time n log n in its length.
  void encode(std::string_view piece, std::vector<std::int32_t>& ids) const;

  /// The token that these bytes are, or -1.
  std::int32_t find(std::string_view bytes) const;

 private:
  void add(std::string_view line, std::string_view place, const std::filesystem::path& path);

  std::unordered_map<std::string_view, std::int32_t> ids_;  ///< of the vocabulary's bytes
  PairMerges merges_;
  std::array<std::int32_t, 256> byte_ids_{};
};

}  // namespace caption
