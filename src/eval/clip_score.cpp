#include "eval/clip_score.h"

#include <algorithm>

namespace caption::eval {

double clip_score(double to_picture) {
  constexpr double kScale = 2.5;
  return kScale * std::max(to_picture, 0.0);
}

double ref_clip_score(double to_picture, double to_nearest_reference) {
  const double score = clip_score(to_picture);
  const double reference = std::max(to_nearest_reference, 0.0);
  return score + reference == 0 ? 0 : 2 * score * reference / (score + reference);
}

}  // namespace caption::eval
