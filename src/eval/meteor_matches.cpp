#include "eval/meteor_matches.h"

#include <algorithm>
#include <cstdint>

namespace caption::eval {
namespace {

bool share(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) return true;
    *i < *j ? ++i : ++j;
  }
  return false;
}

/// Matches of single words; `same(c, r)` says whether they do.
template <typename Same>
void match_words(std::span<const WordId> candidate, std::span<const WordId> reference, MeteorModule module,
                 const Same& same, Matches& matches) {
  for (std::size_t r = 0; r < reference.size(); ++r)
    for (std::size_t c = 0; c < candidate.size(); ++c)
      if (same(candidate[c], reference[r])) matches.add({module, r, 1, c, 1});
}

bool stands_at(std::span<const WordId> words, std::size_t at, const std::vector<WordId>& phrase) {
  return phrase.size() <= words.size() - at &&
         std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<std::ptrdiff_t>(at));
}

/// A phrase of `from` that can be said as in `to`; `add(at, length, other_at, other_length)` takes it.
template <typename Add>
void match_phrases(std::span<const WordId> from, std::span<const WordId> to, const Paraphrases& paraphrases,
                   const Add& add) {
  std::vector<Paraphrases::Found> found;
  for (std::size_t at = 0; at < from.size(); ++at) {
    paraphrases.find(from, at, found);
    for (const Paraphrases::Found& phrase : found)
      for (std::size_t other = 0; other < to.size(); ++other)
        if (stands_at(to, other, *phrase.other)) add(at, phrase.length, other, phrase.other->size());
  }
}

}  // namespace

Matches all_matches(std::span<const WordId> candidate, std::span<const WordId> reference,
                    const MeteorData& data) {
  Matches matches(candidate.size(), reference.size());
  match_words(
      candidate, reference, MeteorModule::exact, [](WordId c, WordId r) { return c == r; }, matches);
  if (std::equal(candidate.begin(), candidate.end(), reference.begin(), reference.end())) return matches;
  match_words(
      candidate, reference, MeteorModule::stem,
      [&](WordId c, WordId r) { return c != r && data.stems[c] == data.stems[r]; }, matches);
  match_words(
      candidate, reference, MeteorModule::synonym,
      [&](WordId c, WordId r) { return c != r && share(data.synsets[c], data.synsets[r]); }, matches);
  if (data.paraphrases.empty()) return matches;
  constexpr MeteorModule kModule = MeteorModule::paraphrase;
  match_phrases(reference, candidate, data.paraphrases,
                [&](std::size_t at, std::size_t length, std::size_t other, std::size_t other_length) {
                  matches.add({kModule, at, length, other, other_length});
                });
  match_phrases(candidate, reference, data.paraphrases,
                [&](std::size_t at, std::size_t length, std::size_t other, std::size_t other_length) {
                  matches.add({kModule, other, other_length, at, length});
                });
  return matches;
}

}  // namespace caption::eval
