#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "eval/meteor_data.h"
#include "eval/meteor_matches.h"

namespace caption::eval {

/// What METEOR's score is computed from: of one pair of sentences, or sums over many.
struct MeteorStats {
  struct Side {
    double length = 0;
    double function_words = 0;
    std::array<double, kMeteorModules> content_matches{};
    std::array<double, kMeteorModules> function_matches{};

    double matches() const;
  };
  Side candidate;
  Side reference;
  double chunks = 0;  ///< runs of words that are matched side by side

  /// As METEOR adds them up: a sentence that is matched as one whole has no chunks.
  void add(const MeteorStats& other, double times = 1);
};

/// The best way to match the words of two sentences, as METEOR 1.5's beam search finds it.
MeteorStats align(std::span<const WordId> candidate, std::span<const WordId> reference,
                  const MeteorData& data);

/// METEOR 1.5, with the parameters for English of its default task ("rank").
double meteor(const MeteorStats& stats);

}  // namespace caption::eval
