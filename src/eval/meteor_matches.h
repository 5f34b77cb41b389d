#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "eval/meteor_data.h"

namespace caption::eval {

/// How words match, the first that does counting: METEOR's modules.
enum class MeteorModule { exact, stem, synonym, paraphrase };
inline constexpr std::size_t kMeteorModules = 4;

/// Words of the reference, [start, start + length), and of the candidate.
struct Match {
  MeteorModule module;
  std::size_t start;
  std::size_t length;
  std::size_t other_start;
  std::size_t other_length;
};

/// All ways to match words.
struct Matches {
  std::vector<std::vector<Match>> at;   ///< by where they start in the reference
  std::vector<int> candidate_coverage;  ///< matches that a word is in
  std::vector<int> reference_coverage;

  Matches(std::size_t candidate, std::size_t reference)
      : at(reference), candidate_coverage(candidate), reference_coverage(reference) {}

  void add(const Match& match) {
    at[match.start].push_back(match);
    for (std::size_t i = 0; i < match.length; ++i) ++reference_coverage[match.start + i];
    for (std::size_t i = 0; i < match.other_length; ++i) ++candidate_coverage[match.other_start + i];
  }
};

/// Of two sentences, in METEOR's order. Of equal ones only equal words count.
Matches all_matches(std::span<const WordId> candidate, std::span<const WordId> reference,
                    const MeteorData& data);

}  // namespace caption::eval
