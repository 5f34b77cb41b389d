#pragma once

#include <vector>

#include "cli/eval/options.h"
#include "cli/eval/pairs.h"
#include "eval/metrics.h"

namespace caption::cli {

/// CLIPScore and RefCLIPScore of one file's captions, by picture.
struct ClipScores {
  std::vector<double> clip_score;
  std::vector<double> ref_clip_score;
};

/// Of the captions of `pairs`, and of the second ones if there are, whose pictures are searched in the folder
/// of `config`. Throws Error(usage) if one is not there or the model has no text side, and what a picture
/// that cannot be read is.
std::vector<ClipScores> clip_scores(const EvalConfig& config, const Pairs& pairs);

}  // namespace caption::cli
