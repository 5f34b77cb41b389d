#pragma once

#include "eval/sentence.h"

namespace caption::eval {

/// ROUGE-L of one picture: by the longest common subsequence, the best precision and the best recall over the
/// references, recall counting 1.2 squared times, as in pycocoevalcap. 0 without words.
double rouge_l(const Item& item);

}  // namespace caption::eval
