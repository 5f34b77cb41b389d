#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "eval/sentence.h"

namespace caption::eval {

/// METEOR's table of phrases that say the same, as far as it speaks of the words of a vocabulary.
class Paraphrases {
 public:
  void add(std::span<const WordId> phrase, std::vector<WordId> other);

  struct Found {
    std::size_t length;                ///< of a phrase that begins where it was looked for
    const std::vector<WordId>* other;  ///< what it can be said by
  };
  /// Of all phrases that begin at `at`, the shortest first, those of one length as they were added.
  void find(std::span<const WordId> words, std::size_t at, std::vector<Found>& found) const;
  bool empty() const { return others_.size() < 2; }

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> next_;          ///< (node, word) -> node
  std::vector<std::vector<std::vector<WordId>>> others_ = {{{}}};  ///< of each node; the first is the start
};

/// What METEOR knows of the words of a vocabulary, by their numbers.
struct MeteorData {
  std::vector<std::uint32_t> stems;  ///< numbers of stems
  std::vector<bool> function_words;
  std::vector<std::vector<std::int32_t>> synsets;  ///< ascending; empty without the data files
  Paraphrases paraphrases;
};

/// `words`: those of the vocabulary, by number. `folder`: as pycocoevalcap/meteor, with METEOR's data files;
/// without it there are neither synonyms nor paraphrases. Throws Error(usage) if it is not as it should be.
MeteorData load_meteor_data(const std::vector<std::string>& words,
                            const std::optional<std::filesystem::path>& folder);

}  // namespace caption::eval
